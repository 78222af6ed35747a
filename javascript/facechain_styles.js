// The tiles of the styles: one stop of the Tab key with arrow keys inside, the
// chosen one marked, and the Chinese name first where the page is Chinese.
(function () {
    if (window.facechainStyles) {
        return;
    }
    window.facechainStyles = true;

    const find = (selector) => (typeof gradioApp === "function" ? gradioApp() : document).querySelector(selector);
    const tilesOf = (list) => [...list.querySelectorAll(".facechain-tile")];

    const isChinese = function () {
        const chosen = window.opts && typeof window.opts.localization === "string" ? window.opts.localization : "";
        return /^(zh|chinese)|中文/i.test(chosen) || /^zh/i.test(document.documentElement.lang);
    };

    // one tile takes the Tab key: the one that has the focus, else the chosen one, else the first
    const markTiles = function (list, key) {
        const tiles = tilesOf(list);
        const chosen = tiles.find((tile) => tile.dataset.key === key);
        const focused = tiles.find((tile) => tile === document.activeElement);
        tiles.forEach(function (tile) {
            tile.setAttribute("aria-selected", String(tile === chosen));
            tile.tabIndex = tile === (focused || chosen || tiles[0]) ? 0 : -1;
        });
    };

    setInterval(function () {
        const list = find("#facechain_style_gallery .facechain-tiles");
        const field = find("#facechain_style textarea, #facechain_style input");
        if (!list || list.offsetParent === null) {
            return;
        }
        const state = `${field ? field.value : ""}|${isChinese()}`;
        if (list.dataset.shown !== state) {
            list.dataset.shown = state;
            list.classList.toggle("facechain-chinese", isChinese());
            markTiles(list, field ? field.value : "");
        }
    }, 200);

    const columns = function (tiles) {
        const top = tiles[0].offsetTop;
        const second = tiles.findIndex((tile) => tile.offsetTop > top);
        return second < 1 ? tiles.length : second;
    };

    document.addEventListener("keydown", function (event) {
        const tile = event.target.closest ? event.target.closest(".facechain-tiles .facechain-tile") : null;
        if (!tile || event.ctrlKey || event.metaKey || event.altKey) {
            return;
        }
        const tiles = tilesOf(tile.parentElement);
        const index = tiles.indexOf(tile);
        const step = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(tiles), ArrowDown: columns(tiles),
            Home: -index, End: tiles.length - 1 - index}[event.key];
        if (step === undefined) {
            return;
        }
        event.preventDefault();
        const next = tiles[index + step];
        if (next) {
            tile.tabIndex = -1;
            next.tabIndex = 0;
            next.focus();
            next.scrollIntoView({block: "nearest"});
        }
    });
}());
