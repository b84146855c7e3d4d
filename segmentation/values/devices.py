"""A coarse word for what somebody signs in with, from the header User-Agent: enough to know one's own sign-ins by."""

from __future__ import annotations

# The first that is found in the header; most browsers claim to be those below them too.
_BROWSERS = (
    ("EdgA/", "Edge"), ("EdgiOS/", "Edge"), ("Edg/", "Edge"), ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"), ("FxiOS/", "Firefox"), ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "ChromeOS"), ("Windows", "Windows"),
    ("Macintosh", "Mac"), ("Linux", "Linux"),
)


def coarse(user_agent: str) -> str:
    """Browser and system, such as `Firefox, Windows`; empty for what is no browser that we know."""
    found = (next((word for sign, word in signs if sign in user_agent), "") for signs in (_BROWSERS, _SYSTEMS))
    return ", ".join(filter(None, found))
