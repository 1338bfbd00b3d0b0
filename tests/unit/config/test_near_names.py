"""A typo in an environment file is found, and the names of other programs are left alone."""

import pytest

from claude_sse.config.dotenv import load
from claude_sse.config.near_names import possible_typos, refuse_typos
from claude_sse.config.settings import NAMES, ConfigError

CERTAIN = {
    "DAILY_TOKEN": "DAILY_TOKENS",
    "DAILYTOKENS": "DAILY_TOKENS",
    "DAYLY_TOKENS": "DAILY_TOKENS",
    "DAILY_TOKENS_PER_USER": "DAILY_TOKENS",
    "DAILY_TOKENS_PER_OWNERS": "DAILY_TOKENS_PER_OWNER",
    "daily_tokens": "DAILY_TOKENS",
    "MAX_STREAM": "MAX_STREAMS",
    "MAX_STREAMS_PER_USER": "MAX_STREAMS",
    "TRUSTED_PROXY": "TRUSTED_PROXIES",
    "TRUST_PROXIES": "TRUSTED_PROXIES",
    "TRUSTED_PROXYS": "TRUSTED_PROXIES",
    "TRUSTED_PROXIES_COUNT": "TRUSTED_PROXIES",
    "ANTHROPIC_APIKEY": "ANTHROPIC_API_KEY",
    "ANTRHOPIC_API_KEY": "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASEURL": "ANTHROPIC_BASE_URL",
    "PUBLIC_HOST": "PUBLIC_HOSTS",
    "STREAMLOG": "STREAM_LOG",
    "STREAM_TLL": "STREAM_TTL",
    "HEARTBEAT_SECS": "HEARTBEAT_SECONDS",
    "HEARBEAT_SECONDS": "HEARTBEAT_SECONDS",
    "DRAIN_SECOND": "DRAIN_SECONDS",
    "ORPHAN_SEC": "ORPHAN_SECONDS",
    "CLAUDE_SSE_PORT": "PORT",
    "CLAUDE_SSE_DAILY_TOKENS": "DAILY_TOKENS",
}
POSSIBLE = {
    "MAX_TOKEN": "MAX_TOKENS",
    "RATE_LIMITS": "RATE_LIMIT",
    "SECRETKEY": "SECRET_KEY",
    "AUTHTOKEN": "AUTH_TOKEN",
    "SYSTEM_PROMT": "SYSTEM_PROMPT",
    "PASWORDS": "PASSWORDS",
    "THREAD": "THREADS",
    "WROKERS": "WORKERS",
    "MODELL": "MODEL",
    "PROT": "PORT",
    "BANNERS": "BANNER",
    "LOG_LEVL": "LOG_LEVEL",
}
#: Names in the environments of shells, desktops, systemd, containers, CI and other programs.
COMMON = """
HOME PATH PWD OLDPWD SHLVL SHELL TERM USER LOGNAME MAIL LANG LANGUAGE LC_ALL LC_CTYPE TZ EDITOR
PAGER VISUAL HOSTNAME HOSTTYPE HOST_IP HOSTS HOSTFILE MACHTYPE OSTYPE DISPLAY WAYLAND_DISPLAY
XAUTHORITY XDG_RUNTIME_DIR XDG_CONFIG_HOME XDG_DATA_DIRS XDG_SESSION_ID XDG_CACHE_HOME
DBUS_SESSION_BUS_ADDRESS SSH_AUTH_SOCK SSH_CLIENT SSH_CONNECTION SSH_TTY SUDO_USER SUDO_COMMAND
COLORTERM COLUMNS LINES MODE INVOCATION_ID JOURNAL_STREAM NOTIFY_SOCKET WATCHDOG_PID WATCHDOG_USEC
LISTEN_FDS LISTEN_PID MAINPID STATE_DIRECTORY RUNTIME_DIRECTORY LOGS_DIRECTORY
CREDENTIALS_DIRECTORY CONFIGURATION_DIRECTORY MEMORY_PRESSURE_WATCH SYSTEMD_EXEC_PID SCRIPT_NAME
WEB_CONCURRENCY GUNICORN_CMD_ARGS FORWARDED_ALLOW_IPS KUBERNETES_SERVICE_HOST
KUBERNETES_SERVICE_PORT KUBERNETES_PORT KUBERNETES_PORT_443_TCP_ADDR POD_IP POD_NAME NODE_NAME
CONTAINER container DOCKER_HOST REDIS_HOST REDIS_PORT REDIS_URL DATABASE_URL POSTGRES_PASSWORD
PGHOST PGPORT PGUSER PGPASSWORD MYSQL_HOST DB_HOST DB_PORT DB_PASSWORD PASSWORD PASSWORD_FILE
PASSWD SECRET SECRETS SECRET_TOKEN SECRET_KEY_BASE DJANGO_SECRET_KEY FLASK_SECRET_KEY FLASK_APP
FLASK_ENV FLASK_DEBUG FLASK_RUN_PORT FLASK_RUN_HOST PYTHONPATH PYTHONUNBUFFERED VIRTUAL_ENV
PYTHONDONTWRITEBYTECODE PYENV_ROOT PYENV_VERSION CONDA_PREFIX CONDA_DEFAULT_ENV BUILD HOST_CC CC
CXX OMP_NUM_THREADS MKL_NUM_THREADS OPENBLAS_NUM_THREADS NUMEXPR_NUM_THREADS NUM_THREADS
THREADS_MAX THREADS_PER_CORE THREADS_PER_WORKER MAX_THREADS RAILS_MAX_THREADS WORKER_CLASS
WORKER_CONNECTIONS WORKER_PROCESSES MAX_WORKERS WORKERS_PER_CORE NUM_WORKERS MODEL_PATH MODEL_NAME
MODEL_DIR MODELS MODELS_DIR MODELS_PATH MODEL_ID DEFAULT_MODEL OPENAI_MODEL OPENAI_API_KEY
OPENAI_BASE_URL OPENAI_API_BASE ANTHROPIC_MODEL ANTHROPIC_AUTH_TOKEN ANTHROPIC_LOG
ANTHROPIC_SMALL_FAST_MODEL ANTHROPIC_BEDROCK_BASE_URL
ANTHROPIC_VERTEX_PROJECT_ID ANTHROPIC_VERTEX_BASE_URL ANTHROPIC_ORG_ID
ANTHROPIC_DEFAULT_SONNET_MODEL ANTHROPIC_API_VERSION CLAUDE_CODE_USE_BEDROCK CLAUDECODE
CLAUDE_MODEL CLAUDE_CONFIG_DIR HF_HOME HF_TOKEN AUTHOR AUTHORITY AUTH_URL AUTH_SECRET AUTH_DOMAIN
AUTH_TYPE AUTH_MODE AUTH_USER AUTH_TOKEN_URL OAUTH_TOKEN GITHUB_TOKEN GH_TOKEN NPM_TOKEN
ACCESS_TOKEN API_KEY API_TOKEN API_URL BASE_URL PUBLIC_URL PUBLIC_PATH PUBLIC_KEY PUBLIC_IP
NEXT_PUBLIC_HOST HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY http_proxy https_proxy no_proxy proxy
host port model threads auth user home PORTS PORT_RANGE PORTAGE_BINHOST POST PART SPORT EXPORT COST
MOST LOST LOGLEVEL LOG_FILE LOG_DIR LOG_LEVEL_ROOT LOGGING_LEVEL RUST_LOG DEBUG VERBOSE
NODE_ENV NODE_OPTIONS NODE_PATH npm_config_cache CI GITHUB_ACTIONS GITHUB_RUN_ID RUNNER_OS BUILD_ID
JOB_NAME GITLAB_CI CI_COMMIT_SHA TRAVIS RATE RATE_LIMIT_WINDOW RATE_LIMIT_MAX_REQUESTS
MAX_CONNECTIONS MAX_REQUESTS MAX_MEMORY MAX_TOKENS_PER_DAY MAX_RETRIES MIN_TOKENS STREAM STREAMING
STREAMLIT_SERVER_PORT STREAM_URL STREAM_NAME SYSTEM SYSTEMROOT SYSTEM_PROMPT_FILE TRUSTED
TRUSTED_HOSTS TRUSTED_ORIGINS HEARTBEAT HEARTBEAT_INTERVAL HEARTBEAT_URL DRAIN_TIMEOUT DAILY
DAILY_BACKUP BANNER_TEXT EFFECT THINK PASSWORD_STORE_DIR SESSION_SECRET COOKIE_SECRET ProgramFiles
APPDATA LOCALAPPDATA COMPUTERNAME USERNAME USERPROFILE OS PROCESSOR_ARCHITECTURE
""".split()


@pytest.mark.parametrize(("name", "setting"), CERTAIN.items())
def test_a_typo_in_a_setting_of_ours_is_refused(name, setting):
    """A name that can only be meant for one of our settings stops the start."""
    with pytest.raises(
        ConfigError, match=rf"^{name} in the environment is not a setting"
    ) as raised:
        refuse_typos({name: "7 secrets"}, ())
    assert f"write {setting}," in str(raised.value) and "7 secrets" not in str(raised.value)


@pytest.mark.parametrize(("name", "setting"), POSSIBLE.items())
def test_a_possible_typo_is_reported(name, setting):
    """A name close to a setting that other programs also use is reported and not refused."""
    refuse_typos({name: "7"}, ())
    assert possible_typos({name: "7"}, ()) == [
        f"{name} in the environment is not a setting of claude-sse; {setting} is."
    ]


@pytest.mark.parametrize("name", COMMON)
def test_the_names_of_others_are_left_alone(name):
    """Common names in an environment are not typos, even while no setting of ours is set."""
    assert name not in NAMES
    assert possible_typos({name: "1"}, ()) == []


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_setting_is_its_own_name(name):
    """A setting is not a typo of another; a setting that is set has no typos."""
    assert possible_typos({name: "1"}, ()) == []
    assert possible_typos({f"{name}S": "1"}, {*NAMES}) == []


@pytest.mark.parametrize("name", sorted(n for n in NAMES if len(n) > 8))
def test_one_wrong_letter_is_found(name):
    """In each longer name a missing, doubled or swapped letter is found."""
    for at in range(2, len(name) - 1):
        swapped = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
        for typo in (name[:at] + name[at + 1 :], name[:at] + name[at - 1] + name[at:], swapped):
            if typo not in NAMES and typo not in ("PASSWORD", "LOGLEVEL"):
                assert possible_typos({typo: "1"}, ()) != [], typo


def test_the_start_is_refused(tmp_path, monkeypatch):
    """The environment is checked whatever .env contains; an empty variable is ignored."""
    for setting in NAMES:
        monkeypatch.delenv(setting, raising=False)
    monkeypatch.setenv("DAILY_TOKEN", "")
    load(tmp_path / ".env")
    monkeypatch.setenv("DAILY_TOKEN", "100000")
    with pytest.raises(ConfigError, match="write DAILY_TOKENS, or remove it"):
        load(tmp_path / ".env")
    (tmp_path / ".env").write_text("DAILY_TOKENS=100000\n")
    load(tmp_path / ".env")  # the setting is spelt right, so the other name is another program's
