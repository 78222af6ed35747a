// A file field of gradio 3.41 drops a finished upload when anything else on the page was updated meanwhile, and then
// shows "Uploading..." for good. The files are offered to the field again.
(function () {
    if (window.facechainUpload) {
        return;
    }
    window.facechainUpload = true;

    const ATTEMPTS = 5;
    const PAUSE = 700; // ms; the events of an emptied field have to end, or they make the next upload vanish too
    const chosen = new Map(); // id of a field -> {files, attempts, since: when its upload could begin at the earliest, ms}

    const field = (id) => (typeof gradioApp === "function" ? gradioApp() : document).querySelector(`[id="${id}"]`);
    const later = (delay) => new Promise((resolve) => setTimeout(resolve, delay));

    // a file that has arrived is a link; one that has not is plain text
    const isUploading = (block) => block !== null && [...block.querySelectorAll(".file-preview td.download")]
        .some((cell) => cell.querySelector("a") === null);

    function remember(event, files) {
        const block = event.target.closest ? event.target.closest("[id*=facechain]") : null;
        if (block === null || !files || !files.length || event.facechainAgain) {
            return;
        }
        chosen.set(block.id, {files: [...files], attempts: 0, since: performance.now()});
    }

    async function offerAgain(id) {
        const choice = chosen.get(id);
        if (choice.attempts >= ATTEMPTS) {
            return;
        }
        choice.attempts += 1;
        const clear = field(id).querySelector("button[aria-label=Clear]");
        if (clear === null) {
            return;
        }
        clear.click();
        await later(PAUSE);
        const input = field(id) && field(id).querySelector("input[type=file]");
        if (!input || chosen.get(id) !== choice) {
            return; // the user has chosen anew
        }
        const transfer = new DataTransfer();
        choice.files.forEach((file) => transfer.items.add(file));
        input.files = transfer.files;
        const event = new Event("change", {bubbles: true});
        event.facechainAgain = true;
        choice.since = performance.now();
        input.dispatchEvent(event);
    }

    async function afterUpload(began) {
        await later(PAUSE);
        for (const [id, choice] of chosen) {
            if (began < choice.since) {
                continue; // it was the upload of another field; this one's is still running
            }
            if (isUploading(field(id))) {
                offerAgain(id);
            } else {
                chosen.delete(id);
            }
        }
    }

    document.addEventListener("change", function (event) {
        if (event.target.type === "file") {
            remember(event, event.target.files);
        }
    }, true);
    document.addEventListener("drop", (event) => remember(event, event.dataTransfer && event.dataTransfer.files), true);

    new PerformanceObserver(function (list) {
        list.getEntries()
            .filter((entry) => new URL(entry.name).pathname.endsWith("/upload"))
            .forEach((entry) => afterUpload(entry.startTime));
    }).observe({type: "resource"});
}());
