// Cards of the People page (opening, saving as a file), templates and faces of the Template page, and the slider between
// before and after. Lists are reloaded when a part of the page is shown again: another browser or part may have changed them.
(function () {
    if (window.facechainTabs) {
        return;
    }
    window.facechainTabs = true;

    const find = (selector) => (typeof gradioApp === "function" ? gradioApp() : document).querySelector(selector);

    document.addEventListener("click", function (event) {
        const person = event.target.closest ? event.target.closest(".facechain-person:not(.facechain-template)") : null;
        const field = find("#facechain_people_card textarea, #facechain_people_card input");
        if (!person || !field) {
            return;
        }
        const all = (typeof gradioApp === "function" ? gradioApp() : document).querySelectorAll(".facechain-person:not(.facechain-template)");
        all.forEach((one) => one.setAttribute("aria-pressed", String(one === person)));
        field.value = person.dataset.name;
        field.dispatchEvent(new Event("input", {bubbles: true}));
    });

    document.addEventListener("click", function (event) {
        const tile = event.target.closest ? event.target.closest(".facechain-template") : null;
        const field = find("#facechain_template_chosen textarea, #facechain_template_chosen input");
        if (!tile || !field) {
            return;
        }
        const names = field.value.split("\n").filter((name) => name && name !== tile.dataset.name);
        const chosen = tile.getAttribute("aria-pressed") !== "true";
        tile.setAttribute("aria-pressed", String(chosen));
        field.value = (chosen ? [...names, tile.dataset.name] : names).join("\n");
        field.dispatchEvent(new Event("input", {bubbles: true}));
    });

    // lists of controls whose values a hidden field holds as JSON
    const lists = {
        ".facechain-face-list": {field: "template_choices", valueOf: (control) => control.value},
        ".facechain-share-list": {field: "people_share_values", valueOf: (control) => Number(control.value)},
    };
    document.addEventListener("change", function (event) {
        for (const [selector, {field, valueOf}] of Object.entries(lists)) {
            const list = event.target.closest ? event.target.closest(selector) : null;
            const target = find(`#facechain_${field} textarea, #facechain_${field} input`);
            if (list && target) {
                target.value = JSON.stringify([...list.querySelectorAll("select, input")].map(valueOf));
                target.dispatchEvent(new Event("input", {bubbles: true}));
            }
        }
    });

    document.addEventListener("input", function (event) {
        const frame = event.target.closest ? event.target.closest(".facechain-compare") : null;
        if (frame) {
            frame.style.setProperty("--cut", `${event.target.value}%`);
        }
    });

    const download = function (file) {
        const bytes = Uint8Array.from(atob(file.dataset.content), (letter) => letter.charCodeAt(0));
        const link = document.createElement("a");
        link.href = URL.createObjectURL(new Blob([bytes], {type: "application/octet-stream"}));
        link.download = file.dataset.name;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 60000);
        file.remove();
    };

    const refreshButtons = {
        portrait: "reload", template: "template_refresh", people: "people_refresh", train: "train_refresh", models: "models_refresh",
    };
    const wasVisible = {portrait: true};  // facechain_page.js reloads its lists the first time
    setInterval(function () {
        const file = find(".facechain-file");
        if (file) {
            download(file);
        }
        for (const [part, button] of Object.entries(refreshButtons)) {
            const content = find(`#facechain_${part}`);
            const refresh = find(`#facechain_${button}`);  // not there before the part is built
            const visible = refresh !== null && content !== null && content.offsetParent !== null;
            if (visible && !wasVisible[part]) {
                refresh.click();
                const needed = find("#facechain_needed_refresh");
                if (needed) {
                    needed.click();
                }
            }
            wasVisible[part] = visible;
        }
    }, 300);
}());
