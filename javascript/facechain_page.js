// The Portrait page in the browser: choosing a style, pasting photos, reloading lists when it is first shown.
(function () {
    if (window.facechainPage) {
        return;
    }
    window.facechainPage = true;

    const find = (selector) => (typeof gradioApp === "function" ? gradioApp() : document).querySelector(selector);
    const isVisible = (element) => element !== null && element.offsetParent !== null;

    setInterval(function () {
        const root = typeof gradioApp === "function" ? gradioApp() : document;
        for (const template of root.querySelectorAll(".facechain-deferred > template")) {
            if (template.parentElement.offsetParent !== null) {
                template.replaceWith(template.content);
            }
        }
    }, 200);

    document.addEventListener("click", function (event) {
        const tile = event.target.closest ? event.target.closest(".facechain-tile") : null;
        const field = find("#facechain_style textarea, #facechain_style input");
        if (tile && field) {
            field.value = tile.dataset.key;
            field.dispatchEvent(new Event("input", {bubbles: true}));
        }
    });

    document.addEventListener("paste", function (event) {
        const images = [...(event.clipboardData ? event.clipboardData.files : [])]
            .filter((file) => file.type.startsWith("image/"));
        const input = find("#facechain_photos input[type=file]");
        if (!images.length || !input || !isVisible(find("#facechain_photos"))) {
            return;
        }
        const transfer = new DataTransfer();
        images.forEach((file) => transfer.items.add(file));
        input.files = transfer.files;
        input.dispatchEvent(new Event("change", {bubbles: true}));
        event.preventDefault();
        event.stopImmediatePropagation();
    }, true);

    // cards, LoRAs and styles may have been added since the page was built
    const timer = setInterval(function () {
        const reload = find("#facechain_reload");
        if (isVisible(reload)) {
            clearInterval(timer);
            reload.click();
            const needed = find("#facechain_needed_refresh");
            if (needed) {
                needed.click();
            }
        }
    }, 300);
}());
