// The page in the webui's language. The webui replaces texts that equal a key of its localization file, everywhere; ours
// begin with "FaceChain: ", so that no tab or label of the webui changes, and may have values in them, written {0}, {1}.
(function () {
    const PREFIX = "FaceChain: ";
    const entries = Object.entries(window.localization || {}).filter(([key]) => key.startsWith(PREFIX));
    if (window.facechainTranslate || !entries.length) {
        return;
    }
    window.facechainTranslate = true;

    const PARTS = '[id^="facechain_"], [id*="2img_facechain_"], .toast-wrap, .toast-body';
    const ATTRIBUTES = ["placeholder", "title", "aria-label", "alt"];
    const CACHE_SIZE = 4000;  // translated texts in the cache

    const exact = new Map();
    const patterns = [];
    entries.forEach(function ([key, value]) {
        const text = key.slice(PREFIX.length);
        if (!/\{\d\}/.test(text)) {
            exact.set(text, value);
            return;
        }
        const pieces = text.split(/\{\d\}/);
        const order = [...text.matchAll(/\{(\d)\}/g)].map((found) => Number(found[1]));
        const letters = pieces.join("").length;
        patterns.push({pieces, order, value, letters});
    });
    patterns.sort((one, other) => other.letters - one.letters);  // the one that says most of the text itself

    // the values between the pieces of a pattern, each as short as can be; null where they are not there in this order
    const valuesIn = function (text, pieces) {
        const last = pieces.length - 1;
        const end = text.length - pieces[last].length;
        let place = pieces[0].length;
        if (end < place || !text.startsWith(pieces[0]) || !text.endsWith(pieces[last])) {
            return null;
        }
        const values = [];
        for (const piece of pieces.slice(1, last)) {
            const next = text.indexOf(piece, place);
            if (next < 0 || next + piece.length > end) {
                return null;
            }
            values.push(text.slice(place, next));
            place = next + piece.length;
        }
        return [...values, text.slice(place, end)];
    };

    // a value does not reach over the end of a sentence unless nothing else is found
    const byPattern = function (text, far) {
        for (const {pieces, order, value} of patterns) {
            const found = valuesIn(text, pieces);
            if (found && (far || !found.some((one) => /[.!?…] \S/.test(one)))) {
                const values = new Map(order.map((name, n) => [name, translated(found[n]) || found[n]]));
                return value.replace(/\{(\d)\}/g, (whole, name) => values.get(Number(name)) ?? whole);
            }
        }
        return null;
    };

    // several sentences in one text: the longest beginning that is known, then the rest
    const bySentence = function (text) {
        const ends = [...text.matchAll(/[.!?…:;,] (?=\S)/g)].map((found) => found.index + 1).reverse();
        for (const end of ends) {
            const head = text.slice(0, end);
            const word = head.slice(0, -1);  // one of a row of words, or a size
            const part = /[,;:]$/.test(head) ? exact.get(word) || (/^[\d.]+ [MG]B$/.test(word) ? word : null) : null;
            const first = exact.get(head) || byPattern(head, false) || (part && `${part}，`);
            if (first) {
                const rest = text.slice(end).trim();
                return first + (translated(rest) || rest);
            }
        }
        return null;
    };

    let kept = new Map();
    const translated = function (whole) {
        const text = whole.trim();
        if (!/\p{L}{2}/u.test(text) || text.length > 2000) {
            return null;
        }
        if (!kept.has(text)) {
            if (kept.size > CACHE_SIZE) {
                kept = new Map();
            }
            kept.set(text, null);  // a text is no part of itself
            const found = exact.get(text) || byPattern(text, false) || bySentence(text) || byPattern(text, true);
            const short = text.endsWith(".") && !found ? exact.get(text.slice(0, -1)) : null;
            kept.set(text, found || (short && `${short}。`));
            if (found) {
                kept.set(found, null);  // what is translated stays
            }
        }
        return kept.get(text);
    };

    const putText = function (node) {
        const parent = node.parentElement;
        const plain = parent && parent.closest("script, style, textarea, option:not([value])");
        const found = plain ? null : translated(node.data);
        if (found) {
            const space = /^\s*/.exec(node.data)[0];
            node.data = space + found + /\s*$/.exec(node.data)[0];
        }
    };

    const putAttributes = function (element) {
        ATTRIBUTES.forEach(function (name) {
            const found = element.hasAttribute(name) ? translated(element.getAttribute(name)) : null;
            if (found) {
                element.setAttribute(name, found);
            }
        });
    };

    const translateAll = function (start) {
        if (start.nodeType === Node.TEXT_NODE) {
            putText(start);
            return;
        }
        const walker = document.createTreeWalker(start, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
        for (let node = walker.currentNode; node; node = walker.nextNode()) {
            if (node.nodeType === Node.TEXT_NODE) {
                putText(node);
            } else {
                putAttributes(node);
            }
        }
    };

    // what a drop-down holds is a value of the server: it is shown in the language and given back before it is edited
    const choices = ":is(.wrap-inner, .secondary-wrap) input";
    const showChoices = function () {
        document.querySelectorAll(`:is(${PARTS}) ${choices}`).forEach(function (input) {
            const found = input === document.activeElement ? null : translated(input.value);
            if (found) {
                input.dataset.value = input.value;
                input.dataset.shown = found;
                input.value = found;
            }
        });
    };
    document.addEventListener("focusin", function (event) {
        const input = event.target;
        if (input.matches(choices) && input.dataset.shown === input.value) {
            input.value = input.dataset.value;
        }
    }, true);

    const within = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement);
    new MutationObserver(function (changes) {
        for (const {type, target, addedNodes} of changes) {
            const element = within(target);
            const ours = element && element.closest(PARTS);
            for (const node of type === "childList" ? addedNodes : []) {
                if (ours) {
                    translateAll(node);
                } else if (node.nodeType === Node.ELEMENT_NODE) {
                    [node, ...node.querySelectorAll(PARTS)].filter((one) => one.matches(PARTS)).forEach(translateAll);
                }
            }
            if (ours && type === "characterData") {
                putText(target);
            } else if (ours && type === "attributes") {
                putAttributes(element);
            }
        }
    }).observe(document.documentElement, {
        childList: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES, subtree: true,
    });
    document.querySelectorAll(PARTS).forEach(translateAll);
    setInterval(showChoices, 400);
}());
