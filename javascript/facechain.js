// Ctrl+Enter (or Cmd+Enter) generates and Esc interrupts in the part of the FaceChain page that is seen.
// The webui listens for the same keys and would press the first such button of the tab, seen or not; it is not asked.
(function () {
    if (window.facechainKeys) {
        return;
    }
    window.facechainKeys = true;

    const visible = function (kind) {
        const root = typeof gradioApp === "function" ? gradioApp() : document;
        const buttons = root.querySelectorAll(`button[id^="facechain_"][id$="_${kind}"]`);
        return [...buttons].find((button) => button.offsetParent !== null);
    };
    const covered = function () {
        const lid = document.querySelector("#lightboxModal");
        const popup = document.querySelector(".global-popup");
        return [lid, popup].some((element) => element && getComputedStyle(element).display !== "none");
    };

    document.addEventListener("keydown", function (event) {
        const starts = event.key === "Enter" && (event.ctrlKey || event.metaKey);
        const stops = event.key === "Escape" && !covered();
        const button = starts ? visible("generate") : stops ? visible("interrupt") : undefined;
        if (!button) {
            return;
        }
        event.stopImmediatePropagation();
        event.preventDefault();
        if (starts) {
            // a text that is being written reaches the server when its field is left; then it is gone back to
            const field = document.activeElement;
            field.blur();
            field.focus({preventScroll: true});
        }
        setTimeout(() => button.click(), starts ? 50 : 0);
    }, true);
}());
