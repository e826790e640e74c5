"""The implementation guide as pages at `/ig`: rendered from `profiles/package` when they are first asked for."""
