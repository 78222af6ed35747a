// Lets gradio build the content of a sub-tab or an accordion when it is first opened. gradio builds every component of a page
// when the page is loaded, also those in tabs that nobody opens, and ours are hundreds.
// gradio keeps each component in the page's configuration and asks it for its children whenever it renders. Ours have none
// until they are opened; then a press of #facechain_render renders again. Runs before gradio builds the page, else not at all.
(function () {
    const PART = "facechain-built-when-opened";
    const ATTEMPTS = 20;
    const ALL_AT_ONCE = "facechainAllAtOnce";
    const config = window.gradio_config;
    const has = (elementId) => config.components.some((component) => component.props.elem_id === elementId);
    if (window.facechainUnopened || !config || sessionStorage.getItem(ALL_AT_ONCE) || !has("facechain_render")) {
        return;
    }
    window.facechainUnopened = true;

    const find = (selector) => (typeof gradioApp === "function" ? gradioApp() : document).querySelector(selector);
    const components = new Map(config.components.map((component) => [component.id, component]));
    const unopened = new Map();

    const withholdChildren = function (component) {
        let children;
        const part = {isOpen: false, ids: new Set()};
        Object.defineProperty(component, "children", {
            configurable: true,
            enumerable: true,
            get: () => (part.isOpen || children === undefined ? children : []),
            set: function (value) {  // gradio 4 sets what it was given again at each rendering
                if (part.isOpen || value.length) {
                    children = value;
                }
            },
        });
        return part;
    };

    const visit = function (node, part) {
        const component = components.get(node.id);
        if (part) {
            part.ids.add(node.id);
            if (!config.version.startsWith("3.")) {
                component.instance = {};  // gradio 4 asks it for the value of a component that is not built, too
            }
        }
        if (component && !component.children && (component.props.elem_classes || []).includes(PART)) {
            part = withholdChildren(component);
            unopened.set(component.props.elem_id, part);
        }
        (node.children || []).forEach((child) => visit(child, part));
    };
    visit(config.layout, null);

    // gradio 4 reports the first value of a component that is built after the page as a change
    const building = new Set();
    window.addEventListener("gradio", function (event) {
        if (building.has(event.detail.id) && event.detail.event === "change") {
            event.stopImmediatePropagation();
        }
    }, true);

    const open = function (name, part, attempt) {
        const content = find(`#${name}`);
        if (content && content.childElementCount) {
            setTimeout(function () {
                part.ids.forEach((id) => building.delete(id));
                content.style.visibility = "";
            }, 100);
        } else if (attempt > ATTEMPTS) {
            console.error(`FaceChain: gradio ${config.version} does not build ${name} later; the page is built at once from now on`);
            sessionStorage.setItem(ALL_AT_ONCE, "1");
            location.reload();
        } else {
            find("#facechain_render").click();
            setTimeout(() => open(name, part, attempt + (document.hidden ? 0 : 1)), 250);  // nothing renders while hidden
        }
    };

    const observer = new IntersectionObserver(function (entries) {
        entries.filter((entry) => entry.isIntersecting).forEach(function ({target}) {
            observer.unobserve(target);
            const part = unopened.get(target.id);
            target.style.visibility = "hidden";  // gradio 3 listens a moment after it has built, and a click before is lost
            part.isOpen = true;
            part.ids.forEach((id) => building.add(id));
            open(target.id, part, 0);
        });
    }, {rootMargin: "1000000px"});  // what is scrolled away is open as well

    const timer = setInterval(function () {
        const contents = [...unopened.keys()].map((name) => find(`#${name}`));
        if (contents.every(Boolean)) {
            clearInterval(timer);
            contents.forEach((content) => observer.observe(content));
        }
    }, 200);
}());
