// Accessibility for keyboard and screen reader: names, roles and announcements that gradio lacks.
(function () {
    if (window.facechainAccess) {
        return;
    }
    window.facechainAccess = true;

    const PARTS = '[id^="facechain_"], [id*="2img_facechain_"]';
    const LIVE = /_(status|notes|problem|reason|previewed|look_\d+)$/;
    const ICON_NAMES = {"✕": "Remove this photo", "\u{1f504}": "Reload the list", "↻": "Reload the list"};
    const ANNOUNCE_INTERVAL_MS = 10000;  // between two announcements of the progress

    const root = () => (typeof gradioApp === "function" ? gradioApp() : document);
    const words = (element) => (element ? element.textContent.replace(/\s+/g, " ").trim() : "");
    const setOnce = function (element, name, value) {
        if (value && element.getAttribute(name) !== value) {
            element.setAttribute(name, value);
        }
    };

    // the label that is seen beside or above a control
    const labelOf = function (control) {
        const block = control.closest(".block, .form");
        const label = block && block.querySelector("[data-testid='block-info'], [data-testid='block-label'], label > span");
        return words(label);
    };

    const nameControls = function (all) {
        // not control.labels, which searches the whole page for each control, nor innerText, which lays it out anew
        const labels = new Map(all("label[for]").map((label) => [label.htmlFor, label]));
        all("input[type=number], input[type=range], input:not([type]), textarea").forEach(function (control) {
            const around = control.closest("label");  // it may be of a button that stands before the control
            const named = around && around.control === control ? around : control.id && labels.get(control.id);
            const seen = words(named);
            if (!seen && !control.getAttribute("aria-label")) {
                setOnce(control, "aria-label", labelOf(control));
            }
        });
        all("input[type=range]").forEach((control) => setOnce(control, "aria-label", labelOf(control)));
        all("button").forEach(function (button) {
            const icon = ICON_NAMES[words(button)];
            if (icon && !button.getAttribute("aria-label")) {
                setOnce(button, "aria-label", icon);
                setOnce(button, "title", icon);
            }
        });
        all("a[download]").forEach((link) => words(link) || setOnce(link, "aria-label", "Download this picture"));  // a preview's is an icon
        all(".facechain-tiles[role=listbox]").forEach((list) => list.getAttribute("aria-label") || setOnce(list, "aria-label", "Styles"));
        all('[aria-label]:not([role]):is(div, span)').forEach((one) => setOnce(one, "role", "img"));
    };

    // gradio 3 makes the place where files are dropped a plain box that only a mouse can use
    const nameDropAreas = function (all) {
        all("input[type=file]").forEach(function (input) {
            const area = input.parentElement;
            if (area.querySelector("table")) {
                return;  // a table takes files as well; its cells are what is used
            }
            if (area.tagName !== "BUTTON") {
                setOnce(area, "role", "button");
                setOnce(area, "tabindex", "0");
            }
            setOnce(area, "aria-label", labelOf(area));
        });
    };

    const nameCells = function (all) {
        all(".table-wrap").forEach(function (frame) {
            const titles = [...frame.querySelectorAll("thead th")].map(words);
            frame.querySelectorAll("tbody tr").forEach(function (row, line) {
                [...row.children].forEach(function (cell, column) {
                    const name = `${titles[column] || ""} ${line + 1}`.trim();
                    const label = [name, words(cell)].filter(Boolean).join(": ");
                    [cell, ...cell.querySelectorAll("[role=button], input, textarea")].forEach(function (part) {
                        setOnce(part, "aria-label", label);
                    });
                });
            });
            if (frame.getAttribute("role") === "grid") {  // gradio 4 puts no rows into it
                setOnce(frame, "role", "group");
                setOnce(frame, "aria-label", words(frame.closest(".block").querySelector("p, .label-wrap")));
            }
            const around = frame.querySelector("button.disable_click");
            if (around) {  // takes dropped files; nothing to press
                setOnce(around, "role", "group");
                setOnce(around, "tabindex", "-1");
                setOnce(around, "aria-label", titles.join(", "));
            }
        });
    };

    const tabs = function () {
        root().querySelectorAll("#facechain_tabs .tab-nav").forEach(function (list) {
            setOnce(list, "role", "tablist");
            [...list.children].filter((one) => one.tagName === "BUTTON").forEach(function (button) {
                setOnce(button, "role", "tab");
                setOnce(button, "aria-selected", String(button.classList.contains("selected")));
            });
        });
    };

    const liveRegions = function (all) {
        all(PARTS).forEach(function (part) {
            if (LIVE.test(part.id) && part.tagName === "DIV") {
                setOnce(part, "role", "status");
                setOnce(part, "aria-live", "polite");
            }
        });
    };

    // progress changes twice a second, so a separate live region announces it at intervals
    const announcer = document.createElement("div");
    announcer.className = "facechain-announcer";
    announcer.setAttribute("role", "status");
    announcer.setAttribute("aria-live", "polite");
    let lastAnnounced = 0;
    const announceProgress = function () {
        const bar = [...root().querySelectorAll(".facechain-progress")].find((one) => one.offsetParent !== null);
        if (bar && Date.now() - lastAnnounced > ANNOUNCE_INTERVAL_MS) {
            lastAnnounced = Date.now();
            announcer.textContent = words(bar);
        } else if (!bar && announcer.textContent) {
            lastAnnounced = 0;
            announcer.textContent = "";
        }
    };

    document.addEventListener("keydown", function (event) {
        const area = event.target;
        if ((event.key !== "Enter" && event.key !== " ") || area.getAttribute("role") !== "button") {
            return;
        }
        const input = area.closest(PARTS) && area.querySelector(":scope > input[type=file]");
        if (input) {
            event.preventDefault();
            input.click();
        }
    });

    // Only parts of this extension that are new or changed are visited: a run changes its status twice a second, and the
    // webui's own tabs change without end.
    const known = new WeakSet();
    const changed = new Set();
    const observer = new MutationObserver(function (changes) {
        for (const {target} of changes) {
            const part = target === announcer ? null : target.closest(PARTS);
            if (part) {
                changed.add(part);
            }
        }
    });
    const insideAnother = function (part) {
        for (let outer = part.parentElement; outer; outer = outer.parentElement) {
            if (changed.has(outer)) {
                return true;
            }
        }
        return false;
    };
    setInterval(function () {
        tabs();
        announceProgress();
        for (const part of root().querySelectorAll(PARTS)) {
            if (!known.has(part)) {
                known.add(part);
                changed.add(part);
            }
        }
        if (!changed.size) {
            return;
        }
        if (!announcer.isConnected) {  // the page has just been built: thousands of changes that need not be followed
            (root().querySelector("#facechain_tabs") || document.body).append(announcer);
            observer.observe(document.documentElement, {childList: true, subtree: true});
        }
        const outermost = [...changed].filter((part) => part.isConnected && !insideAnother(part));
        changed.clear();
        for (const part of outermost) {
            const all = (selector) => [...(part.matches(selector) ? [part] : []), ...part.querySelectorAll(selector)];
            [nameControls, nameDropAreas, nameCells, liveRegions].forEach((visit) => visit(all));
        }
    }, 500);
}());
