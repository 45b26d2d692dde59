// Replaced by the room's tests.
