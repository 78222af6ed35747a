// Boxes for several people: drawn, moved, resized and deleted with mouse, finger or keys. The text fields hold
// the state: the frame shows their contents and writes drawn boxes into them, so that typing, pasting and drawing agree.
(function () {
    if (window.facechainBoxes) {
        return;
    }
    window.facechainBoxes = true;

    const MIN_BOX = 0.05;  // of the picture: a smaller box was not meant
    const KEY_STEP = 0.01;
    const MAX_FRAME = 420;  // pixels of the frame's longer side
    // a name, in quotation marks if it holds signs of the format; a strength; a box
    const LINE = /^((?:"[^"]*"|.*?)(?:\s*\*\s*[-+0-9.][-+0-9.eE]*)?)(?:\s*[:@]\s*([-+0-9.][-+0-9.eE,\s]*))?$/;
    const PARTS = /(?:"[^"\n]*"|[^;；\n])+/g;
    const SIGNS = {"：": ":", "，": ",", "；": ";", "＊": "*"};

    const root = () => (typeof gradioApp === "function" ? gradioApp() : document);
    const field = (frame, name) => root().querySelector(`#${frame.dataset[name]} textarea, #${frame.dataset[name]} input`);
    const labelText = (frame, name) => frame.parentElement.querySelector(`[data-word=${name}]`).textContent;
    const number = (frame, name) => root().querySelector(`#${frame.dataset[name]} input[type=number]`);
    const ordered = (one, other) => (one < other ? [one, other] : [other, one]);
    const clamp = (value) => Math.min(Math.max(value, 0), 1);
    const quoted = (name) => (/[:：,，;；*＊@]/.test(name) ? `"${name}"` : name);
    const formatBox = (box) => box.map((side) => String(Math.round(side * 1000) / 1000)).join(", ");

    const boxOf = function (text) {
        const sides = (text || "").replace(/,/g, " ").split(/\s+/).filter(Boolean).map(Number);
        const good = sides.length === 4 && sides.every((side) => side >= 0 && side <= 1)
            && sides[0] < sides[2] && sides[1] < sides[3];
        return good ? sides : null;
    };

    // [{head, box}]: the person of the photos, then one for each line of the text; box is null where none is given
    const readPeople = function (frame) {
        const text = (field(frame, "people") || {value: ""}).value;
        const lines = (text.match(PARTS) || []).map((line) => line.trim()).filter(Boolean);
        const others = lines.map(function (line) {
            const plain = line.replace(/"[^"]*"|[：，；＊]/g, (sign) => SIGNS[sign] || sign);
            const found = LINE.exec(plain) || [plain, plain, ""];
            return {head: found[1].trim(), box: boxOf(found[2])};
        });
        return [{head: labelText(frame, "first"), box: boxOf((field(frame, "box") || {value: ""}).value)}, ...others];
    };

    // the boxes that are shown: equal columns when nobody has one
    const withColumns = function (people) {
        if (people.length > 1 && people.every((one) => one.box === null)) {
            return people.map((one, n) => ({head: one.head, box: [n / people.length, 0, (n + 1) / people.length, 1]}));
        }
        return people.map((one) => ({head: one.head, box: one.box && [...one.box]}));
    };

    const setValue = function (target, value) {
        if (target && target.value !== value) {
            target.value = value;
            target.dispatchEvent(new Event("input", {bubbles: true}));
        }
    };

    const writePeople = function (frame, people) {
        const [own, ...others] = people;
        setValue(field(frame, "box"), others.length && own.box ? formatBox(own.box) : "");
        setValue(field(frame, "people"), others.map((one) => one.head + (one.box ? `: ${formatBox(one.box)}` : "")).join("\n"));
        render(frame);
    };

    const position = function (element, box) {
        const [left, top, right, bottom] = box.map((side) => side * 100);
        Object.assign(element.style, {
            left: `${left}%`, top: `${top}%`, width: `${right - left}%`, height: `${bottom - top}%`,
        });
        element.style.zIndex = Math.round(1000 * (1 - (box[2] - box[0]) * (box[3] - box[1])));  // small ones on top
        element.setAttribute("aria-label", `${element.dataset.name}: ${formatBox(box)}`);
    };

    const boxElement = function (frame, one, n) {
        const element = document.createElement("div");
        element.className = "facechain-box";
        element.dataset.number = n;
        element.dataset.name = `${n + 1} ${one.head}`;
        element.tabIndex = 0;
        element.setAttribute("role", "group");
        element.style.setProperty("--hue", (n * 137) % 360);
        const name = document.createElement("span");
        name.textContent = element.dataset.name;
        const removeButton = document.createElement("button");
        removeButton.type = "button";
        removeButton.tabIndex = -1;  // the Delete key does the same
        removeButton.textContent = "✕";
        removeButton.setAttribute("aria-label", labelText(frame, "remove"));
        const corner = document.createElement("i");
        element.append(name, removeButton, corner);
        position(element, one.box);
        return element;
    };

    const render = function (frame) {
        const people = readPeople(frame);
        const width = number(frame, "width"), height = number(frame, "height");
        const sides = [width, height].map((input) => Number(input && input.value) || 512);
        const state = JSON.stringify([people, sides]);
        if (frame.dataset.shown === state || frame.facechainDrag) {
            return;
        }
        frame.dataset.shown = state;
        frame.style.aspectRatio = `${sides[0]} / ${sides[1]}`;
        frame.style.maxWidth = `${MAX_FRAME * Math.min(1, sides[0] / sides[1])}px`;
        const focused = frame.contains(document.activeElement) ? document.activeElement.dataset.number : undefined;
        frame.querySelectorAll(".facechain-box").forEach((element) => element.remove());
        const withoutBox = people.filter((one) => one.box === null).length;
        frame.classList.toggle("facechain-columns-now", withoutBox === people.length);
        frame.parentElement.querySelector(".facechain-boxless").hidden = !withoutBox || withoutBox === people.length;
        if (people.length > 1) {
            withColumns(people).forEach((one, n) => one.box && frame.append(boxElement(frame, one, n)));
        }
        const restored = focused === undefined ? null : frame.querySelector(`[data-number="${focused}"]`);
        if (restored) {
            restored.focus({preventScroll: true});
        }
    };

    const remove = function (frame, n) {
        const people = withColumns(readPeople(frame));
        if (n === 0) {
            people[0].box = [0, 0, 1, 1];  // the person of the photos stays, anywhere in the picture
        } else {
            people.splice(n, 1);
        }
        writePeople(frame, people);
    };

    const showCardHint = function (frame, visible) {
        frame.parentElement.querySelector(".facechain-boxes-note").hidden = !visible;
    };

    const add = function (frame, box) {
        const people = withColumns(readPeople(frame));
        const unplaced = people.find((one) => one.box === null);
        if (people.length > 1 && unplaced) {
            unplaced.box = box;
            writePeople(frame, people);
            return;
        }
        const card = frame.parentElement.querySelector("select");
        if (!card || !card.value) {
            showCardHint(frame, true);
            return;
        }
        if (people.length === 1) {
            people[0].box = people[0].box || [0, 0, 1, 1];
        }
        writePeople(frame, [...people, {head: quoted(card.value), box}]);
    };

    const pointerPosition = function (frame, event) {
        const bounds = frame.getBoundingClientRect();
        return [clamp((event.clientX - bounds.left) / bounds.width), clamp((event.clientY - bounds.top) / bounds.height)];
    };

    document.addEventListener("pointerdown", function (event) {
        const frame = event.target.closest ? event.target.closest(".facechain-boxes") : null;
        if (!frame || event.button > 0) {
            return;
        }
        showCardHint(frame, false);
        const element = event.target.closest(".facechain-box");
        if (event.target.closest("button")) {
            return;
        }
        event.preventDefault();
        const start = pointerPosition(frame, event);
        const people = withColumns(readPeople(frame));
        const drag = {start, people, pointer: event.pointerId, moved: false};
        if (element) {
            element.focus({preventScroll: true});
            drag.number = Number(element.dataset.number);
            drag.element = element;
            drag.corner = event.target.tagName === "I";
            drag.from = [...people[drag.number].box];
        } else {
            drag.element = document.createElement("div");
            drag.element.className = "facechain-box facechain-new";
            drag.element.dataset.name = "";
            frame.append(drag.element);
        }
        frame.facechainDrag = drag;
        frame.setPointerCapture(event.pointerId);
    });

    const draggedBox = function (drag, now) {
        if (drag.number === undefined) {
            const [left, right] = ordered(drag.start[0], now[0]);
            const [top, bottom] = ordered(drag.start[1], now[1]);
            return [left, top, right, bottom];
        }
        const [left, top, right, bottom] = drag.from;
        if (drag.corner) {
            const [wider, taller] = [now[0] - drag.start[0], now[1] - drag.start[1]];
            return [left, top, Math.max(right + wider, left + MIN_BOX), Math.max(bottom + taller, top + MIN_BOX)].map(clamp);
        }
        const across = Math.min(Math.max(now[0] - drag.start[0], -left), 1 - right);
        const down = Math.min(Math.max(now[1] - drag.start[1], -top), 1 - bottom);
        return [left + across, top + down, right + across, bottom + down];
    };

    document.addEventListener("pointermove", function (event) {
        const frame = event.target.closest ? event.target.closest(".facechain-boxes") : null;
        const drag = frame && frame.facechainDrag;
        if (!drag || drag.pointer !== event.pointerId) {
            return;
        }
        const now = pointerPosition(frame, event);
        drag.moved = drag.moved || Math.hypot(now[0] - drag.start[0], now[1] - drag.start[1]) > 0.005;
        drag.box = draggedBox(drag, now);
        position(drag.element, drag.box);
    });

    const endDrag = function (event, kept) {
        const frame = event.target.closest ? event.target.closest(".facechain-boxes") : null;
        const drag = frame && frame.facechainDrag;
        if (!drag || drag.pointer !== event.pointerId) {
            return;
        }
        frame.facechainDrag = null;
        delete frame.dataset.shown;
        if (drag.number === undefined) {
            drag.element.remove();
        }
        const box = drag.box;
        if (kept && drag.moved && drag.number !== undefined) {
            drag.people[drag.number].box = box;
            writePeople(frame, drag.people);
        } else if (kept && drag.moved && box[2] - box[0] >= MIN_BOX && box[3] - box[1] >= MIN_BOX) {
            add(frame, box);
        }
        render(frame);
    };
    document.addEventListener("pointerup", (event) => endDrag(event, true));
    document.addEventListener("pointercancel", (event) => endDrag(event, false));

    document.addEventListener("click", function (event) {
        const button = event.target.closest ? event.target.closest(".facechain-boxes-panel button") : null;
        if (!button) {
            return;
        }
        const frame = button.closest(".facechain-boxes-panel").querySelector(".facechain-boxes");
        const element = button.closest(".facechain-box");
        if (element) {
            remove(frame, Number(element.dataset.number));
        } else if (button.dataset.act === "columns") {
            writePeople(frame, readPeople(frame).map((one) => ({head: one.head, box: null})));
        } else if (button.dataset.act === "add") {
            const people = readPeople(frame);
            const card = frame.parentElement.querySelector("select");
            showCardHint(frame, !card || !card.value);
            if (card && card.value && people.some((one) => one.box !== null)) {
                add(frame, [0.3, 0.3, 0.7, 0.9]);
            } else if (card && card.value) {
                writePeople(frame, [...people, {head: quoted(card.value), box: null}]);
            }
        }
    });

    document.addEventListener("keydown", function (event) {
        const element = event.target.closest ? event.target.closest(".facechain-box") : null;
        const move = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key];
        if (!element || (!move && event.key !== "Delete" && event.key !== "Backspace")) {
            return;
        }
        event.preventDefault();
        const frame = element.closest(".facechain-boxes");
        const n = Number(element.dataset.number);
        if (!move) {
            remove(frame, n);
            return;
        }
        const people = withColumns(readPeople(frame));
        const [across, down] = move.map((direction) => direction * KEY_STEP);
        const from = people[n].box;
        people[n].box = event.shiftKey
            ? [from[0], from[1], clamp(Math.max(from[2] + across, from[0] + MIN_BOX)),
                clamp(Math.max(from[3] + down, from[1] + MIN_BOX))]
            : draggedBox({number: n, from, start: [0, 0]}, [across, down]);
        writePeople(frame, people);
    });

    setInterval(function () {
        root().querySelectorAll(".facechain-boxes").forEach(function (frame) {
            if (frame.offsetParent !== null) {
                render(frame);
            }
        });
    }, 300);
}());
