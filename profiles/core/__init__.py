"""The R4 4.0.1 core definitions as data (see NOTICE.md), and the script that makes them."""
