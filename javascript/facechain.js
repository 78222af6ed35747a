// Ctrl+Enter (or Cmd+Enter) generates and Esc interrupts in the visible tab of the FaceChain page.
// The webui listens for the same keys and would press the first such button of the tab, visible or not; its handler is
// skipped.
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
        const lightbox = document.querySelector("#lightboxModal");
        const popup = document.querySelector(".global-popup");
        return [lightbox, popup].some((element) => element && getComputedStyle(element).display !== "none");
    };

    document.addEventListener("keydown", function (event) {
        const isGenerate = event.key === "Enter" && (event.ctrlKey || event.metaKey);
        const isInterrupt = event.key === "Escape" && !covered();
        const button = isGenerate ? visible("generate") : isInterrupt ? visible("interrupt") : undefined;
        if (!button) {
            return;
        }
        event.stopImmediatePropagation();
        event.preventDefault();
        if (isGenerate) {
            // blurring a text field sends its value to the server; the focus then returns to it
            const field = document.activeElement;
            field.blur();
            field.focus({preventScroll: true});
        }
        setTimeout(() => button.click(), isGenerate ? 50 : 0);
    }, true);
}());
