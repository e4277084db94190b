/** Paths, relative to the document. */
export interface DocumentParts {
  readonly scripts: readonly string[];
  readonly style: string;
  /** The script that begins. */
  readonly main: string;
}

/**
 * The document of the page: its head line, which is painted at once, and places that scripts fill. Those that it begins with are
 * named, so that they load side by side.
 */
export function documentOf({ scripts, style, main }: DocumentParts): string {
  const preloads = scripts.map((path) => `<link rel="modulepreload" href="${path}">`).join("\n");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>runrpc</title>
<link rel="icon" href="icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${style}">
${preloads}
<script type="module" src="${main}"></script>
</head>
<body>
<header class="top">
<img src="icon.svg" alt="" width="20" height="20">
<strong>runrpc</strong>
<span class="dim host"></span>
<div class="links"></div>
<div class="who"></div>
</header>
<div class="news" role="status"></div>
<div class="place">
<noscript>This page is made by scripts, which are switched off here.</noscript>
</div>
</body>
</html>
`;
}
