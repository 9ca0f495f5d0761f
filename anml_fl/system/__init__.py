"""The machine underneath: files, private keys, import path, proxies, sockets."""
