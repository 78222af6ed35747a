// The Train page looks now and then where the training stands, which lives in a process of its own and ends no event.
(function () {
    if (window.facechainTrain) {
        return;
    }
    window.facechainTrain = true;

    const find = (selector) => (typeof gradioApp === "function" ? gradioApp() : document).querySelector(selector);
    const soon = 2000;
    const seldom = 10000;
    let last = 0;

    // what changes by itself is read out; the bar, which changes with every step, is not
    const announce = function () {
        for (const name of ["status", "state"]) {
            const element = find(`#facechain_train_${name}`);
            if (element && !element.hasAttribute("aria-live")) {
                element.setAttribute("role", "status");
                element.setAttribute("aria-live", "polite");
            }
        }
    };
    // gradio names the slider itself and leaves the number beside it without a name
    const nameFields = function (page) {
        for (const field of page.querySelectorAll("[id^=facechain_train_] input:not([aria-label]):not([type=file])")) {
            const block = field.closest("[id^=facechain_train_]");
            const label = block.querySelector("label > span, [data-testid=block-info], .block-info, span");
            if (label && !field.labels.length) {
                field.setAttribute("aria-label", label.innerText.trim());
            }
        }
    };

    setInterval(function () {
        const page = find("#facechain_train");
        const watch = find("#facechain_train_watch");
        if (!page || !watch || page.offsetParent === null || document.hidden) {
            last = 0;  // shown again, it looks at once
            return;
        }
        const wait = page.querySelector("[data-running]") ? soon : seldom;
        if (Date.now() - last < wait) {
            return;
        }
        last = Date.now();
        announce();
        nameFields(page);
        watch.click();
    }, 500);
}());
