# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Looks at a page in headless Chromium at the widths of a phone and of a desk: nothing runs off the
# screen but tables in their own scroll box, no word leaves its place, the pictures are there and
# legible, and nothing is fetched. Source it; then
#   find_browser                  (exits 77, with the reason, where there is none)
#   look_at PAGE.html FOLDER '6 pictures, 2 tables'     status 1 and the findings where it is not so

find_browser() {
    for browser in chromium chromium-headless-shell chromium-browser google-chrome; do
        if command -v "$browser" >/dev/null; then return; fi
    done
    echo "no Chromium here; scripts/setup --with browser brings it"
    exit 77
}

# The page within a frame of the given width (a window of a browser is not made as narrow as a
# phone), and beside it what a script finds in it.
frame() { # WIDTH PAGE
    cat <<HTML
<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">
<iframe id="page" style="border:0;width:$1px;height:900px" srcdoc="$(sed 's/&/\&amp;/g; s/"/\&quot;/g' "$2")"></iframe>
<pre id="found"></pre>
<script>
const say = line => found.textContent += line + "\n";
onload = () => {
    const d = page.contentDocument, w = page.contentWindow, width = w.innerWidth;
    const name = e => e.tagName + " '" + e.textContent.trim().slice(0, 40) + "'";
    if (d.documentElement.scrollWidth > width)
        say("TOO WIDE: the page is " + d.documentElement.scrollWidth + " of " + width);
    for (const e of d.querySelectorAll("h1,h2,p,figure,figcaption,li,dl,dt,dd,figure>svg,.scroll")) {
        const box = e.getBoundingClientRect();
        if (box.right > width + 0.5 || box.left < -0.5) say("TOO WIDE: " + name(e));
        if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && !e.matches(".scroll,svg"))
            say("OVERFLOWS: " + name(e));
    }
    let texts = 0, least = 1e9;
    for (const t of d.querySelectorAll("svg text")) {
        const box = t.getBoundingClientRect();
        const all = t.closest("figure").querySelector("svg").getBoundingClientRect();
        texts++;
        least = Math.min(least, parseFloat(w.getComputedStyle(t).fontSize) * all.width / 360);
        if (box.left < all.left - 0.5 || box.right > all.right + 0.5 || box.top < all.top - 0.5 ||
            box.bottom > all.bottom + 0.5)
            say("CUT OFF: " + name(t));
    }
    for (const s of d.querySelectorAll("figure>svg"))
        if (s.getBoundingClientRect().height < 150) say("FLAT: " + name(s));
    if (least < 9) say("SMALL: letters of " + least);
    for (const e of w.performance.getEntriesByType("resource")) say("FETCHES: " + e.name);
    say("width " + width + ": " + d.querySelectorAll("figure>svg").length + " pictures, " +
        d.querySelectorAll("table").length + " tables, " + texts + " texts, letters of " +
        least.toFixed(1) + ", done");
};
</script>
HTML
}

look_at() { # PAGE FOLDER WHAT
    local failed=0 width
    for width in 360 1200; do
        frame "$width" "$1" >"$2/frame$width.html"
        "$browser" --headless --no-sandbox --disable-gpu --no-first-run \
            --user-data-dir="$2/profile" --window-size=1300,1000 --virtual-time-budget=5000 \
            --dump-dom "file://$2/frame$width.html" >"$2/dom$width" 2>"$2/browser.log" || true
        sed -n '/<pre id="found">/,/<\/pre>/p' "$2/dom$width" | sed 's/<[^>]*>//g' >"$2/found$width"
        cat "$2/found$width"
        if ! grep -q ', done$' "$2/found$width"; then
            echo "the browser did not come to an end of it:"
            tail -n 5 "$2/browser.log"
            failed=1
        fi
        if grep -qE '^[A-Z ]+: ' "$2/found$width"; then failed=1; fi
        if ! grep -q ": $3, " "$2/found$width"; then failed=1; fi
    done
    rm -rf "$2/profile"
    return $failed
}
