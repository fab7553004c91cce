"""How a page looks, as its computed styles and boxes say: themes, contrast, what sticks out."""

from __future__ import annotations

from playwright.sync_api import Page

__all__ = ["OVERFLOWING", "UNREADABLE", "use_theme"]

UNREADABLE = """([place, least]) => {
    const pen = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const over = (ground, color, opacity) => {
        pen.clearRect(0, 0, 1, 1);
        pen.fillStyle = color;
        pen.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
        const share = a / 255 * opacity;
        return ground.map((part, index) => part * (1 - share) + [r, g, b][index] * share);
    };
    const light = parts => {
        const [r, g, b] = parts.map(part => {
            const value = part / 255;
            return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = [];
    const look = (element, ground, opacity) => {
        const style = getComputedStyle(element);
        if (style.display === 'none' || style.visibility === 'hidden' || element.disabled) {
            return;
        }
        opacity *= Number(style.opacity);
        ground = over(ground, style.backgroundColor, opacity);
        const text = [...element.childNodes].filter(node => node.nodeType === Node.TEXT_NODE)
            .map(node => node.textContent.trim()).join(' ').trim();
        const box = element.getBoundingClientRect();
        if (text && box.width > 0 && box.height > 0) {
            const [a, b] = [light(ground), light(over(ground, style.color, opacity))];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < least) {
                found.push(`${text.slice(0, 40)} (${element.className}): ${ratio.toFixed(2)}`);
            }
        }
        for (const child of element.children) {
            look(child, ground, opacity);
        }
    };
    for (const root of document.querySelectorAll(place)) {
        const above = [];
        for (let node = root.parentElement; node; node = node.parentElement) {
            above.unshift(node);
        }
        look(root, above.reduce((ground, node) => over(ground, getComputedStyle(node).backgroundColor, 1), [255, 255, 255]), 1);
    }
    return found;
}"""
"""``[selector, ratio]`` → each text below it whose contrast to what lies behind it is less than the ratio."""

OVERFLOWING = """place => [...document.querySelectorAll(place)].flatMap(root => {
    const edge = root.getBoundingClientRect();
    return [...root.querySelectorAll('*')].filter(element => {
        const box = element.getBoundingClientRect();
        const clipped = element.closest('.ts-log-window, .ts-bar, pre');
        return box.width > 0 && !clipped && (box.right > edge.right + 1 || box.left < edge.left - 1);
    }).map(element => `${element.tagName} ${element.className} ${element.textContent.slice(0, 40)}`);
})"""
"""``selector`` → each element below it that sticks out at its sides, save in what can be scrolled."""


def use_theme(page: Page, name: str) -> None:
    """Change to JupyterLab's theme ``Light`` or ``Dark`` and wait until it is there."""
    page.evaluate(
        "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})", f"JupyterLab {name}"
    )
    page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=f"JupyterLab {name}")
    page.wait_for_selector("#jupyterlab-splash", state="detached")
