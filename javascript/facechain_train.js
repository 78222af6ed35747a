// The Train page in the browser: it asks how the training is, which runs in a separate process and not in an event of the page,
// and writes what its tables of captions show into the hidden texts beside them, which the events read.
(function () {
    if (window.facechainTrain) {
        return;
    }
    window.facechainTrain = true;

    const find = (selector) => (typeof gradioApp === "function" ? gradioApp() : document).querySelector(selector);
    const TABLE = ".facechain-captions[id]";  // gradio writes the class on an element without the id, too
    const RUNNING_POLL_MS = 2000;  // interval while a training runs
    const IDLE_POLL_MS = 10000;
    let lastPoll = 0;

    const writeRows = function (table) {
        const field = find(`#${table.id}_edited textarea, #${table.id}_edited input`);
        const rows = [...table.querySelectorAll("tr[data-file]")].map((row) => [
            row.dataset.file,
            row.querySelector("input").checked ? "yes" : "no",
            row.querySelector("textarea").value,
        ]);
        if (field) {
            field.value = rows.length ? JSON.stringify(rows) : "";
            field.dispatchEvent(new Event("input", {bubbles: true}));
        }
    };
    const observer = new MutationObserver(function (changes) {
        new Set(changes.map(({target}) => target.closest(TABLE))).forEach((table) => table && writeRows(table));
    });
    const observed = new WeakSet();

    document.addEventListener("input", function (event) {
        const table = event.composedPath()[0].closest(TABLE);
        if (table) {
            writeRows(table);
        }
    }, true);

    setInterval(function () {
        const page = find("#facechain_train");
        // one form for a style, a person and a thing, of which one is visible
        const watch = [...(page ? page.querySelectorAll("[id$='_watch']") : [])]
            .find((button) => button.parentElement.offsetParent !== null);
        for (const table of page ? page.querySelectorAll(TABLE) : []) {
            if (!observed.has(table)) {
                observed.add(table);
                observer.observe(table, {childList: true, subtree: true});
                writeRows(table);
            }
        }
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
