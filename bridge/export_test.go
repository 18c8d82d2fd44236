package bridge

// Render is what becomes of an outbox record, for tests from outside.
var Render = render
