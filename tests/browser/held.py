"""A database of the browser that opens when a test lets it."""

from __future__ import annotations

#: The conversations' database opens only when `letGo` is called, or in a tab that is `free`.
HELD = """() => {
    if (window.letGo) return;
    const open = IDBFactory.prototype.open;
    const waiting = [];
    let isHeld = !sessionStorage.free;
    window.letGo = () => {
        isHeld = false;
        for (const start of waiting.splice(0)) start();
    };
    IDBFactory.prototype.open = function (...values) {
        if (!isHeld || values[0] !== 'claude-sse') return open.apply(this, values);
        const late = new EventTarget();
        waiting.push(() => {
            const real = open.apply(this, values);
            for (const name of ['onsuccess', 'onerror', 'onupgradeneeded'])
                real[name] = (event) => {
                    late[name]?.(event);
                };
            for (const field of ['result', 'error', 'transaction'])
                Object.defineProperty(late, field, { get: () => real[field] });
        });
        return late;
    };
}"""
