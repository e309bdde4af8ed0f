"""Settings from the environment. A wrong or missing one fails at start with its name."""

from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

BASE_DIR = Path(__file__).resolve().parent.parent
DEVELOPMENT_KEY = "development-only-key-development-only-key-development"


class ConfigurationError(SystemExit):
    """Configuration is wrong; the text names the settings, and the process does not start."""


class Environment(BaseSettings):
    """Every setting an operator may set, with its default. Documented in .env.example."""

    model_config = SettingsConfigDict(env_prefix="THROUGHLINE_", env_file=BASE_DIR / ".env", extra="ignore")

    mode: Literal["development", "production"] = "development"
    debug: bool = False
    secret_key: str = DEVELOPMENT_KEY
    secrets_key: str = Field(default="", description="base64 key of 32 bytes that seals connector credentials")
    allowed_hosts: str = "localhost,127.0.0.1,[::1],testserver"
    csrf_trusted_origins: str = ""
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    var_dir: Path = BASE_DIR / "var"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    web_port: int = Field(default=8000, ge=1, le=65535)
    web_workers: int = Field(default=2, ge=1, le=64)
    queue_workers: int = Field(default=2, ge=1, le=64)
    rehearsal: bool = Field(default=False, description="set by `manage.py rehearse` for the processes it starts")
    lease_seconds: float = Field(default=120, ge=1)
    preflight_seconds: float = Field(default=60, ge=0.1)
    behind_tls: bool = True
    outbound_hosts: str = Field(default="", description="hosts connectors may call; empty allows every public host")
    max_body_bytes: int = Field(default=5_000_000, ge=10_000)
    webhook_tolerance_seconds: int = Field(default=300, ge=30)
    base_url: str = Field(default="", description="address of the console, for links in mails; empty: this machine's")
    mail_host: str = Field(default="", description="SMTP server; empty: no mail is sent")
    mail_port: int = Field(default=587, ge=1, le=65535, description="port of the SMTP server")
    mail_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="how the server is talked to"
    )
    mail_user: str = Field(default="", description="empty: the server asks for none")
    mail_password: str = Field(default="", description="of that user")
    mail_from: str = Field(default="Throughline <throughline@localhost>", description="who mails come from")
    mail_timeout_seconds: float = Field(default=20, ge=1, le=55, description="how long the SMTP server may take")
    alone_items: int = Field(default=20, ge=0, description="items one person may have replayed without a second one")
    alone_amount: Decimal = Field(
        default=Decimal(5000), ge=0, description="amount, in any currency, one person may replay or correct alone"
    )
    alone_overtaking: Decimal = Field(
        default=Decimal(0), ge=0, description="amount, in any currency, one person may let overtake in a lane alone"
    )

    @field_validator("database_url")
    @classmethod
    def _postgres_only(cls, value: str) -> str:
        if value and not value.startswith(("postgres://", "postgresql://")):
            raise ValueError("must be a postgresql:// address; PostgreSQL 15 or newer is the only database")
        return value

    @model_validator(mode="after")
    def _production_is_locked(self) -> "Environment":
        if self.mode != "production":
            return self
        if self.debug:
            raise ValueError("THROUGHLINE_DEBUG must be off in production")
        if self.secret_key == DEVELOPMENT_KEY or len(self.secret_key) < 50:
            raise ValueError("THROUGHLINE_SECRET_KEY must be set to a secret of at least 50 characters in production")
        if not self.secrets_key:
            raise ValueError("THROUGHLINE_SECRETS_KEY must be set in production: manage.py new_secrets_key prints one")
        if self.mail_host and not self.base_url.startswith("https://"):
            raise ValueError("THROUGHLINE_BASE_URL must be the console's https:// address, for the links in mails")
        if not self.database_url:
            raise ValueError("DATABASE_URL must be set in production")
        return self


def read() -> Environment:
    """The environment, checked. Exits with one line per wrong setting."""
    try:
        return Environment()
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            name = name if name in {"", "DATABASE_URL"} else f"THROUGHLINE_{name}"
            lines.append(f"  {name + ': ' if name else ''}{problem['msg'].removeprefix('Value error, ')}")
        raise ConfigurationError("Wrong configuration:\n" + "\n".join(lines)) from None
