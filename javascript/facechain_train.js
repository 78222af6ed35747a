// The Train page looks now and then where the training stands: it lives in a process of its own, not in an event.
(function () {
    if (window.facechainTrain) {
        return;
    }
    window.facechainTrain = true;

    const find = (selector) => (typeof gradioApp === "function" ? gradioApp() : document).querySelector(selector);
    const soon = 2000;  // milliseconds between two looks while one runs
    const seldom = 10000;
    let last = 0;

    setInterval(function () {
        const page = find("#facechain_train");
        const watch = find("#facechain_train_watch");
        if (!page || !watch || page.offsetParent === null || document.hidden) {
            last = 0;  // shown again, it looks at once
            return;
        }
        if (Date.now() - last >= (page.querySelector("[data-running]") ? soon : seldom)) {
            last = Date.now();
            watch.click();
        }
    }, 500);
}());
