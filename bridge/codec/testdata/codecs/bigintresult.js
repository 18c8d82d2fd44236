function decodeUplink(input) {
  return { data: { id: JSON.stringify({ a: String(10n) }), ok: typeof 10n } };
}
