"""health.py URL [CA]: leave with 0 if URL answers with 200; CA is whose certificates count."""

import ssl
import sys
import urllib.request

url, *authority = sys.argv[1:]
handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
if authority:
    context = ssl.create_default_context(cafile=authority[0])
    handlers.append(urllib.request.HTTPSHandler(context=context))
try:
    with urllib.request.build_opener(*handlers).open(url, timeout=4) as answer:
        sys.exit(answer.status != 200)
except OSError as error:
    sys.exit(f"{url}: {error}")
