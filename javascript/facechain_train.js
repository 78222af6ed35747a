// Polls the status of the training on the Train page: it runs in a separate process, not in an event of the page.
(function () {
    if (window.facechainTrain) {
        return;
    }
    window.facechainTrain = true;

    const find = (selector) => (typeof gradioApp === "function" ? gradioApp() : document).querySelector(selector);
    const RUNNING_POLL_MS = 2000;  // interval while a training runs
    const IDLE_POLL_MS = 10000;
    let lastPoll = 0;

    setInterval(function () {
        const page = find("#facechain_train");
        // one form for a style, a person and a thing, of which one is visible
        const watch = [...(page ? page.querySelectorAll("[id$='_watch']") : [])]
            .find((button) => button.parentElement.offsetParent !== null);
        if (!page || !watch || page.offsetParent === null || document.hidden) {
            lastPoll = 0;  // polls at once when shown again
            return;
        }
        if (Date.now() - lastPoll >= (page.querySelector("[data-running]") ? RUNNING_POLL_MS : IDLE_POLL_MS)) {
            lastPoll = Date.now();
            watch.click();
        }
    }, 500);
}());
