"""Libraries of ours without Django or models, each usable and testable alone, none importing
another.

`text` reads pages, compares them and finds quotes; `fetching` speaks to foreign servers; `decoding`
opens untrusted photos in a sandbox; `storage` keeps bytes by their digest, here or in a bucket.
"""
