"""The way out: changes of the store become v2 messages, and are delivered until their receivers have answered."""
