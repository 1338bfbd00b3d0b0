// Before the first paint, or a page chosen dark would flash white; so it is no module, which would wait.
try {
  document.documentElement.dataset.theme = localStorage.getItem('claude-sse:theme') ?? '';
} catch {
  // the system's theme, then
}
