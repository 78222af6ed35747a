// Keeps what stands in sub-tabs that nobody has opened yet out of the document: hundreds of elements that the scripts of
// the webui and of other extensions would search again and again. gradio changes them while they are out, too.
(function () {
    if (window.facechainUnopened) {
        return;
    }
    window.facechainUnopened = true;

    const root = () => (typeof gradioApp === "function" ? gradioApp() : document);
    const isOpen = (part) => part.style.display !== "none";

    const takeOut = function (part) {
        const content = [...part.childNodes];
        content.forEach((node) => node.remove());
        // gradio shows a sub-tab by its style; this runs before the browser draws it
        const observer = new MutationObserver(function () {
            if (isOpen(part)) {
                observer.disconnect();
                part.prepend(...content);
            }
        });
        observer.observe(part, {attributes: true, attributeFilter: ["style"]});
    };

    const timer = setInterval(function () {
        const parts = [...root().querySelectorAll('#facechain_tabs > .tabitem[id^="facechain_tab_"]')];
        if (parts.some(isOpen)) {  // gradio has chosen the first one
            clearInterval(timer);
            parts.filter((part) => !isOpen(part)).forEach(takeOut);
        }
    }, 100);
}());
