"""A shop whose customers may ask Claude: the API under /claude, behind the shop's own sign-in.

    SHOP_SECRET=a-secret ANTHROPIC_API_KEY=... gunicorn app:app

in this folder; the customers are ada and bob.
"""

import os

from flask import Flask, redirect, render_template, request, session
from werkzeug.security import check_password_hash, generate_password_hash

from claude_sse import ClaudeSSE, Policy

app = Flask(__name__)
app.secret_key = os.environ["SHOP_SECRET"]
app.config["SESSION_COOKIE_SAMESITE"] = "Lax"  # no other site's page asks in a customer's name
PASSWORDS = {name: generate_password_hash(f"{name}'s password") for name in ("ada", "bob")}
PLANS = {"ada": Policy(max_tokens=500, rate_limit=5), "bob": Policy(model="claude-opus-5-5")}


@app.get("/")
def home():
    return render_template("home.html", name=session.get("name"))


@app.post("/sign-in")
def sign_in():
    name, password = request.form["name"], request.form["password"]
    if name not in PASSWORDS or not check_password_hash(PASSWORDS[name], password):
        return "The name or the password is wrong.", 403
    session["name"] = name
    return redirect("/")


claude = ClaudeSSE(
    {
        "ANTHROPIC_API_KEY": os.environ["ANTHROPIC_API_KEY"],
        "ANTHROPIC_BASE_URL": os.environ.get("ANTHROPIC_BASE_URL"),
        "SYSTEM_PROMPT": "You help the customers of a shop for garden tools.",
        "STREAM_LOG": os.environ.get("STREAM_LOG") or f"file://{app.instance_path}/answers",
        "THREADS": 32,  # as many as in gunicorn.conf.py
    },
    owner=lambda request: session.get("name"),
    policy=lambda request, question: PLANS[session["name"]],
)
app.register_blueprint(claude.blueprint, url_prefix="/claude")
claude.drain_on_stop()
