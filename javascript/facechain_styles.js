// The tiles of the styles: they come into the page when it is first seen, are one stop of the Tab key with arrow keys
// inside, say which one is chosen, and lead with the Chinese name where the page is Chinese.
(function () {
    if (window.facechainStyles) {
        return;
    }
    window.facechainStyles = true;

    const find = (selector) => (typeof gradioApp === "function" ? gradioApp() : document).querySelector(selector);
    const tilesOf = (list) => [...list.querySelectorAll(".facechain-tile")];

    const chinese = function () {
        const chosen = window.opts && typeof window.opts.localization === "string" ? window.opts.localization : "";
        return /^(zh|chinese)|中文/i.test(chosen) || /^zh/i.test(document.documentElement.lang);
    };

    // one tile takes the Tab key: the one that has the focus, else the chosen one, else the first
    const mark = function (list, key) {
        const tiles = tilesOf(list);
        const chosen = tiles.find((tile) => tile.dataset.key === key);
        const held = tiles.find((tile) => tile === document.activeElement);
        tiles.forEach(function (tile) {
            tile.setAttribute("aria-selected", String(tile === chosen));
            tile.tabIndex = tile === (held || chosen || tiles[0]) ? 0 : -1;
        });
    };

    setInterval(function () {
        const list = find("#facechain_style_gallery .facechain-tiles");
        const field = find("#facechain_style textarea, #facechain_style input");
        if (!list || list.offsetParent === null) {
            return;
        }
        const waiting = list.querySelector("template");
        if (waiting) {
            waiting.replaceWith(waiting.content);
        }
        const state = `${field ? field.value : ""}|${chinese()}`;
        if (list.dataset.shown !== state) {
            list.dataset.shown = state;
            list.classList.toggle("facechain-chinese", chinese());
            mark(list, field ? field.value : "");
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
        const here = tiles.indexOf(tile);
        const step = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(tiles), ArrowDown: columns(tiles),
            Home: -here, End: tiles.length - 1 - here}[event.key];
        if (step === undefined) {
            return;
        }
        event.preventDefault();
        const next = tiles[here + step];
        if (next) {
            tile.tabIndex = -1;
            next.tabIndex = 0;
            next.focus();
            next.scrollIntoView({block: "nearest"});
        }
    });
}());
