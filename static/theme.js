// Before the first paint, or a page set to dark would flash white; not a module, because those run later.
try {
  document.documentElement.dataset.theme = localStorage.getItem('claude-sse:theme') ?? '';
} catch {
  // forbidden here: the system's theme stays
}
