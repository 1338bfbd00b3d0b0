"""What can be wrong with a proxy, for each of the four: what is replaced in the file that we ship.

``@TOKEN@`` is a person's token. What a proxy cannot do wrong, or not so, is left out.
"""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """One thing that is wrong, the check's lines (with + between) that may say so, their words."""

    lines: str
    words: str
    spoilt: dict[str, dict[str, str]]
    # Which app stands behind it: the one with TRUSTED_PROXIES=1, or another.
    app: str = "good"
    path: str = ""
    asks: bool = False


def more(
    nginx: str = "", caddy: str = "", apache: str = "", haproxy: str = ""
) -> dict[str, dict[str, str]]:
    """Return the change that adds these lines to the server, where there are any."""
    anchors = {
        "nginx": ("    # What comes in.", nginx),
        "caddy": ("\theader -Server\n", caddy),
        "apache": ("    # What the app is told.", apache),
        "haproxy": ("    # What the app is told.", haproxy),
    }
    return {
        front: {anchor: f"{added}\n{anchor}"} for front, (anchor, added) in anchors.items() if added
    }


def only(spoilt: dict[str, dict[str, str]], *fronts: str) -> dict[str, dict[str, str]]:
    """Return it for these proxies only: the line is proved for the others by another fault."""
    return {front: spoilt[front] for front in fronts}


_HSTS = {
    "nginx": {"add_header Strict-Transport-Security": "add_header X-Nothing"},
    "caddy": {"header Strict-Transport-Security": "header X-Nothing"},
    "apache": {"Header always set Strict-Transport-Security": "Header always set X-Nothing"},
    "haproxy": {"set-header Strict-Transport-Security": "set-header X-Nothing"},
}
_AS_IT_IS: dict[str, dict[str, str]] = dict.fromkeys(_HSTS, {})
_REWRITE = "RewriteEngine on\n"
_UP = "\t\tflush_interval -1\n"


def up(line: str) -> dict[str, str]:
    """Return the change that adds a line to Caddy's reverse_proxy."""
    return {_UP: f"{_UP}\t\t{line}\n"}


_ONLY_OTHERS = {
    "nginx": {"location / {": "location /other/ {", "^/(stream$|streams/|v1/chat/)": "^/other$"},
    "caddy": {"\treverse_proxy 127": "\treverse_proxy /other/* 127"},
    "apache": {"    ProxyPass / ": "    ProxyPass /other/ "},
    "haproxy": {"default_backend claude_sse": "use_backend claude_sse if { path_beg /other/ }"},
}
_SUB_PATH = {
    "nginx": {
        "location / {\n        proxy_pass": "location /chat/ {\n        proxy_pass",
        "^/(stream$|streams/|v1/chat/)": "^/chat/(stream$|streams/|v1/chat/)",
        "^/api/(chat|completion)": "^/chat/api/(chat|completion)",
    },
    "caddy": {"\treverse_proxy 127": "\tredir /chat /chat/ permanent\n\treverse_proxy /chat/* 127"},
    "apache": {
        "    ProxyPass / http://127.0.0.1:3000/": (
            "    RedirectMatch permanent ^/chat$ /chat/\n"
            "    ProxyPass /chat/ http://127.0.0.1:3000/chat/"
        )
    },
    "haproxy": {
        "    default_backend": (
            "    http-request redirect location /chat/ code 301 if { path /chat }\n"
            "    use_backend claude_sse if { path_beg /chat/ }\n    #"
        )
    },
}
_STRIPPED = {
    "nginx": {
        "location / {\n        proxy_pass http://claude_sse;": (
            "location /chat/ {\n        proxy_pass http://claude_sse/;"
        )
    },
    "caddy": {"\treverse_proxy 127": "\turi strip_prefix /chat\n\treverse_proxy 127"},
    "apache": {"    ProxyPass / ": "    ProxyPass /chat/ "},
    "haproxy": {
        "    default_backend": (
            "    http-request replace-path /chat/(.*) /\\1\n    default_backend"
        )
    },
}
_ADDRESS = {
    "nginx": {"X-Forwarded-For $remote_addr": "X-Forwarded-For $http_x_forwarded_for"},
    "caddy": up("header_up X-Forwarded-For {http.request.header.X-Forwarded-For}"),
    "apache": {"    RequestHeader unset X-Forwarded-For early": "    ProxyAddHeaders Off"},
    "haproxy": {"    http-request set-header X-Forwarded-For %[src]\n": ""},
}
_SCHEME = {
    "caddy": up("trusted_proxies private_ranges"),
    "apache": {"RequestHeader set X-Forwarded-Proto": "RequestHeader setifempty X-Forwarded-Proto"},
    "haproxy": {
        "set-header X-Forwarded-Proto https": (
            "set-header X-Forwarded-Proto https unless { req.hdr(X-Forwarded-Proto) -m found }"
        )
    },
}
_NO_SCHEME = {
    "nginx": {"X-Forwarded-Proto $scheme": 'X-Forwarded-Proto ""'},
    "caddy": up("header_up -X-Forwarded-Proto"),
    "apache": {
        'RequestHeader set X-Forwarded-Proto "https"': "RequestHeader unset X-Forwarded-Proto"
    },
    "haproxy": {"    http-request set-header X-Forwarded-Proto https\n": ""},
}
_HOST = {
    "nginx": {"Host $http_host;  ": "Host localhost;  "},
    "apache": {"ProxyPreserveHost On": "ProxyPreserveHost Off"},
    "haproxy": {
        "    http-request del-header Forwarded\n": "    http-request set-header Host localhost\n"
    },
    "caddy": {
        "\nchat.example.com {": (
            "\nchat.example.com, evil.example {\n\ttls @FOLDER@/cert.pem @FOLDER@/key.pem"
        ),
        **up("header_up Host localhost"),
    },
}
_OTHER_HOST = {
    "nginx": {"Host $http_host;  ": "Host other.example;  "},
    "caddy": up("header_up Host other.example"),
    "apache": {
        "    RequestHeader unset Forwarded early": "    RequestHeader set Host other.example"
    },
    "haproxy": {"del-header Forwarded": "set-header Host other.example"},
}
_AS_ADA = {
    "nginx": {'proxy_set_header Forwarded "";': 'proxy_set_header Authorization "Bearer @TOKEN@";'},
    "caddy": up('header_up Authorization "Bearer @TOKEN@"'),
    "apache": {
        "    RequestHeader unset Forwarded early": (
            '    RequestHeader set Authorization "Bearer @TOKEN@"'
        )
    },
    "haproxy": {
        "    http-request del-header Forwarded\n": (
            '    http-request set-header Authorization "Bearer @TOKEN@"\n'
        )
    },
}
_NO_ORIGIN = {
    "nginx": {'proxy_set_header Forwarded "";': 'proxy_set_header Origin "";'},
    "caddy": up("header_up -Origin"),
    "apache": {"    RequestHeader unset Forwarded early": "    RequestHeader unset Origin early"},
    "haproxy": {"del-header Forwarded": "del-header Origin"},
}

FAULTS = {
    "nobody behind it": Fault("app", "cannot reach the app", _AS_IT_IS, app="dead"),
    "another site at this name": Fault("app", "", _ONLY_OTHERS),
    "another site at this path": Fault("app", "/chat/", only(_ONLY_OTHERS, "caddy"), path="/chat"),
    "a name that the app is not told": Fault("app", "PUBLIC_HOSTS", only(_OTHER_HOST, "apache")),
    "no HSTS": Fault("https", "Strict-Transport-Security", _HSTS),
    "no HTTP/2": Fault("https", "HTTP/2", {
        "nginx": {" ssl http2;": " ssl;"},
        "apache": {"Protocols h2 http/1.1": "Protocols http/1.1"},
        "haproxy": {"alpn h2,http/1.1": "alpn http/1.1"},
    }),
    "plain HTTP leads on for now only": Fault("plain", "301", {
        "nginx": {"return 301 https": "return 302 https"},
        "apache": {"Redirect permanent / ": "Redirect temp / "},
        "haproxy": {"code 301 unless": "code 302 unless"},
    }),
    "plain HTTP answers": Fault("plain", "301", {
        "nginx": {"return 301 https://$server_name$request_uri;": "return 200 hello;"},
        "caddy": {"\nchat.example.com {": (
            "\nhttp://chat.example.com {\n\trespond hello\n}\n\nchat.example.com {")},
    }),
    "health is broken": Fault("health", "500", more(
        nginx="location = /healthz { return 500; }",
        caddy="\trespond /healthz 500",
        apache=f"{_REWRITE}RewriteRule ^/healthz$ - [R=500]",
        haproxy="    http-request return status 500 if { path /healthz }",
    )),
    "everybody is let in": Fault("sign in", "stranger", _AS_ADA),
    "not all paths are handed on": Fault("sign in + who", "404", more(
        nginx="location = /models { return 404; }",
        caddy="\trespond /models 404",
        apache=f"{_REWRITE}RewriteRule ^/models$ - [R=404]",
        haproxy="    http-request return status 404 if { path /models }",
    )),
    "any host name": Fault("host + proxies", "Host", _HOST),
    "a host without its port": Fault("proxies", "port", {
        "nginx": {"Host $http_host;  ": "Host $host;  "},
    }),
    "a redirect to any host": Fault("host", "redirect to your own name", more(
        nginx="if ($http_host = evil.example) { return 301 https://$http_host/; }",
    )),
    "no proxy is expected": Fault("proxies + cookies", "TRUSTED_PROXIES", _AS_IT_IS, app="zero"),
    "two proxies are expected": Fault("proxies + cookies", "TRUSTED_PROXIES", _AS_IT_IS, app="two"),
    "the scheme is not told": Fault("proxies + cookies", "X-Forwarded-Proto", _NO_SCHEME),
    "any address": Fault("proxies", "choose its address", _ADDRESS),
    "any scheme": Fault("proxies", "choose its scheme", _SCHEME),
    "HTTP/1.0": Fault("proxies", "proxy_http_version", {
        "nginx": {"proxy_http_version 1.1;": "proxy_http_version 1.0;"},
        **more(apache="SetEnv force-proxy-request-1.0 1"),
    }),
    "no Origin": Fault("cross site", "hand on Origin unchanged", _NO_ORIGIN),
    "CORS": Fault("cross site", "CORS is on", more(
        haproxy="    http-response set-header Access-Control-Allow-Origin *",
    )),
    "a header is lost": Fault("headers", "Referrer-Policy is missing", more(
        nginx="proxy_hide_header Referrer-Policy;",
        caddy="\theader -Referrer-Policy",
        apache="Header unset Referrer-Policy",
        haproxy="    http-response del-header Referrer-Policy",
    )),
    "a header is there twice": Fault("headers", "X-Content-Type-Options is", more(
        nginx="add_header X-Content-Type-Options nosniff always;",
    )),
    "Server tells a version": Fault("headers", "version", {
        "nginx": {"    add_header Strict": "    server_tokens on;\n    add_header Strict",
                  "only\n    server_tokens off;": "only"},
        **more(apache='Header always set Server "Apache/2.4"'),
        "caddy": {"header -Server": 'header Server "Caddy/2.6"'},
    }),
    "the files are elsewhere": Fault("files", "hand all paths on", more(
        nginx="location /static/ { return 404; }",
        caddy="\trespond /static/* 404",
        apache=f"{_REWRITE}RewriteRule ^/static/ - [R=404]",
        haproxy="    http-request return status 404 if { path_beg /static/ }",
    )),
    "the path is cut off": Fault("files", "SCRIPT_NAME=/chat", _STRIPPED, path="/chat"),
    "a cookie that scripts can read": Fault("cookies", "sid lacks httponly", more(
        nginx='add_header Set-Cookie "sid=1" always;',
    )),
    "the cookie is not Secure": Fault("cookies", "lacks secure", {
        **more(
            nginx="proxy_cookie_flags ~ nosecure;",
            apache='Header edit Set-Cookie "; Secure" ""',
            haproxy='    http-response replace-header Set-Cookie (.*)\\ Secure;(.*) \\1\\2',
        ),
        "caddy": up('header_down Set-Cookie "(.*); Secure(.*)" "$1$2"'),
    }),
    "a method is answered": Fault("methods", "PATCH", more(
        nginx="if ($request_method = PATCH) { return 204; }",
        caddy="\t@patch method PATCH\n\trespond @patch 204",
        apache=f"{_REWRITE}RewriteCond %{{REQUEST_METHOD}} =PATCH\nRewriteRule ^ - [R=204]",
        haproxy="    http-request return status 200 if { method PATCH }",
    )),
    "too large is another word": Fault("body", "not 413", {
        "nginx": {"error_page 413 @too_large;": "error_page 413 =400 @too_large;",
                  "client_max_body_size 11m": "client_max_body_size 1m"},
        **more(
            caddy="\t@large header Content-Length 1114*\n\trespond @large 400",
            apache=f"{_REWRITE}RewriteCond %{{HTTP:Content-Length}} ^1114\nRewriteRule ^ - [R=400]",
        ),
    }),
    "what is not too large is refused": Fault("body", "client_max_body_size 2m", {
        "nginx": {"client_max_body_size 11m": "client_max_body_size 300k"},
        **more(
            caddy="\trequest_body {\n\t\tmax_size 300KB\n\t}",
            apache=f'{_REWRITE}RewriteCond expr "%{{HTTP:Content-Length}} -gt 300000"\n'
            "RewriteRule ^ - [R=413]",
            haproxy="    http-request deny deny_status 413 "
            "if { req.hdr(content-length) -m int gt 300000 }",
        ),
    }),
    "answers are held back": Fault("stream", "held back", {
        "nginx": {"proxy_buffering off;": "proxy_ignore_headers X-Accel-Buffering;"},
    }, asks=True),
    "answers are compressed": Fault("stream", "compressed", {
        "nginx": {"gzip_types text/css": "gzip_types text/event-stream text/css"},
        **more(apache="AddOutputFilterByType DEFLATE text/event-stream"),
    }, asks=True),
}  # fmt: skip
#: With SCRIPT_NAME=/chat, as the files say it.
UNDER_A_PATH = _SUB_PATH
#: How long a proxy waits for a silent app, where that is too short.
IMPATIENT = {
    "nginx": {"proxy_read_timeout 75s": "proxy_read_timeout 1s"},
    "caddy": {"\t\t\tdial_timeout 3s": "\t\t\tread_timeout 1s"},
    "apache": {"timeout=75\n\n": "timeout=1\n\n"},
    "haproxy": {"timeout server 75s": "timeout server 1s"},
}
