#!/usr/bin/env python3
"""serve_page.py BROWSER URL FOLDER: uses fc-serve's page as people do, in a browser without a window: photos are chosen, buttons
pressed by keyboard, and what it says is read. FOLDER has ann.jpg, ann2.jpg, bob.png and group.jpg; pictures of the page go there."""
import base64
import json
import os
import subprocess
import sys
import time

browser, url, folder = sys.argv[1:]
to_browser, from_us = os.pipe()
from_browser, to_us = os.pipe()


def hand_over():
    os.dup2(to_browser, 103)
    os.dup2(to_us, 104)
    os.dup2(103, 3)
    os.dup2(104, 4)


process = subprocess.Popen(
    [browser, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run",
     "--user-data-dir=" + os.path.join(folder, "profile"), "about:blank"],
    preexec_fn=hand_over, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
os.close(to_browser)
os.close(to_us)
answers = os.fdopen(from_browser, "rb")
number, session, dialogs = 0, None, True


def receive():
    text = bytearray()
    while not text.endswith(b"\0"):
        one = answers.read(1)
        if not one:
            raise SystemExit("the browser ended")
        text += one
    return json.loads(text[:-1].decode())


def call(method, **params):
    global number
    number += 1
    message = {"id": number, "method": method, "params": params}
    if session:
        message["sessionId"] = session
    os.write(from_us, json.dumps(message).encode() + b"\0")
    mine = number
    while True:
        got = receive()
        if got.get("method") == "Page.javascriptDialogOpening":
            os.write(from_us, json.dumps({"id": 10 ** 6, "sessionId": session, "method": "Page.handleJavaScriptDialog",
                                          "params": {"accept": True}}).encode() + b"\0")
        if got.get("id") == mine:
            if "error" in got:
                raise SystemExit("%s: %s" % (method, got["error"]))
            return got["result"]


def evaluate(expression):
    got = call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
    if "exceptionDetails" in got:
        raise SystemExit("%s: %s" % (expression, got["exceptionDetails"]))
    return got["result"].get("value")


def wait_for(expression):
    for _ in range(300):
        if evaluate(expression):
            return
        time.sleep(0.1)
    raise SystemExit("never true: %s; the page says: %s" % (expression, evaluate("document.body.innerText")))


def choose(field, *names):
    root = call("DOM.getDocument")["root"]["nodeId"]
    node = call("DOM.querySelector", nodeId=root, selector=field)["nodeId"]
    call("DOM.setFileInputFiles", nodeId=node, files=[os.path.realpath(os.path.join(folder, n)) for n in names])


def press(key, code):
    for kind in "keyDown", "keyUp":
        text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
        call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)


def picture(name, width):
    call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
    got = call("Page.captureScreenshot", captureBeyondViewport=True, format="png")
    with open(os.path.join(folder, name), "wb") as f:
        f.write(base64.b64decode(got["data"]))


try:
    target = call("Target.createTarget", url=url)["targetId"]
    session = call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in "Page", "DOM", "Runtime":
        call(domain + ".enable")
    wait_for("document.readyState === 'complete' && document.getElementById('people')?.hidden === false")

    # by keyboard alone: the first field, the second, the button
    choose("#reference", "ann.jpg")
    choose("#sample", "ann2.jpg")
    evaluate("document.body.focus()")
    reached = []
    for _ in range(3):
        press("Tab", 9)
        reached.append(evaluate("document.activeElement.id || document.activeElement.textContent"))
    assert reached == ["reference", "sample", "Compare"], reached
    press("Enter", 13)
    wait_for("document.getElementById('verdict').textContent.startsWith('The same person')")
    wait_for("!document.getElementById('sample-photo').hidden")

    choose("#sample", "group.jpg")
    evaluate("document.querySelector('#compare button').click()")
    wait_for("document.getElementById('verdict').textContent.startsWith('Nobody of them')")

    # people: added, found in a photo, removed
    evaluate("document.getElementById('name').value = 'Ann <b>'")
    choose("#photos", "ann.jpg", "ann2.jpg")
    evaluate("document.querySelector('#enroll button').click()")
    wait_for("document.getElementById('list').textContent.includes('Ann <b> (2 photos)')")
    choose("#group", "ann.jpg")
    evaluate("document.querySelector('#identify button').click()")
    wait_for("document.getElementById('names').textContent === 'Ann <b>'")
    choose("#group", "group.jpg")
    evaluate("document.querySelector('#identify button').click()")
    wait_for("document.getElementById('names').textContent === 'unknown, unknown, unknown'")
    # a frame was drawn: the corner of the first face's box is of its colour
    wait_for("(() => { const c = document.getElementById('group-photo'); return c.width > 300 && c.getContext('2d')"
                    ".getImageData(0, 0, c.width, c.height).data.some((v, i, d) => i % 4 === 0 && v === 0xb3 && d[i + 1] === 0x26 && d[i + 2] === 0x1e); })()")
    picture("page.png", 1000)
    picture("phone.png", 390)
    assert evaluate("document.documentElement.scrollWidth <= 390"), "wider than a phone"
    evaluate("document.querySelector('#list button').click()")
    wait_for("document.getElementById('list').children.length === 0")
    print("ok")
finally:
    process.kill()
    process.wait()
