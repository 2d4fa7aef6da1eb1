#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The page of rnnfit --report in headless Chromium, on a phone (360 points wide) and on a desk (1200):
# nothing is wider than the screen but tables in their own scroll box, no word leaves its place, the
# pictures are there and legible, and nothing is fetched.
set -u
export LC_ALL=C
: "${BUILD:=build}"
browser=
for name in chromium chromium-headless-shell chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        browser=$name
        break
    fi
done
if [ -z "$browser" ]; then
    echo "no Chromium here; scripts/setup --with browser brings it"
    exit 77
fi
mkdir -p "$BUILD/scratch"
work=$(realpath "$(mktemp -d "$BUILD/scratch/page_browser.XXXXXX")")

# A device with a knot, an endpoint with a long name, a warning, a comparison.
awk 'function noise() { return rand() + rand() + rand() - 1.5 }
BEGIN {
    srand(5)
    print "length,time_s,target,rtt_s,round"
    for (r = 0; r < 20; r++) for (n = 10; n <= 600; n += 10) {
        edge = 0.003 + 0.0012 * n + (n > 300 ? 0.001 * (n - 300) : 0)
        printf "%d,%.9f,edge,,%d\n", n, edge * (1 + 0.03 * noise()) * (rand() < 0.005 ? 2 : 1), r
        printf "%d,%.9f,an endpoint with a long name & <tags>,0.02,%d\n", n,
            0.223 + 0.0005 * n + 0.006 * noise(), r
    }
}' >"$work/times.csv"
"$BUILD/bin/rnnprof" import "$work/times.csv" --db "$work/old.db" --campaign old >/dev/null
"$BUILD/bin/rnnfit" -q --db "$work/old.db" >/dev/null
"$BUILD/bin/rnnfit" -q --csv "$work/times.csv" --compare "$work/old.db" \
    --pairs datasets/squad_sentence_question.csv --report "$work/fit.html" >/dev/null || exit 1

# The page within a frame of the given width (a window of a browser is not made as narrow as a
# phone), and beside it what a script finds in it.
frame() {
    cat <<HTML
<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">
<iframe id="page" style="border:0;width:$1px;height:900px" srcdoc="$(sed 's/&/\&amp;/g; s/"/\&quot;/g' "$work/fit.html")"></iframe>
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

failed=0
for width in 360 1200; do
    frame "$width" >"$work/frame$width.html"
    "$browser" --headless --no-sandbox --disable-gpu --no-first-run --user-data-dir="$work/profile" \
        --window-size=1300,1000 --virtual-time-budget=5000 --dump-dom "file://$work/frame$width.html" \
        >"$work/dom$width" 2>"$work/browser.log" || true
    sed -n '/<pre id="found">/,/<\/pre>/p' "$work/dom$width" | sed 's/<[^>]*>//g' >"$work/found$width"
    cat "$work/found$width"
    if ! grep -q ', done$' "$work/found$width"; then
        echo "the browser did not come to an end of it:"
        tail -n 5 "$work/browser.log"
        failed=1
    fi
    if grep -qE '^[A-Z ]+: ' "$work/found$width"; then failed=1; fi
    if ! grep -q ": 6 pictures, 2 tables, " "$work/found$width"; then failed=1; fi
done
rm -rf "$work/profile"
exit $failed
