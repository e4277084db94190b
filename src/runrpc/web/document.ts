/** Paths, relative to the document. */
export interface DocumentParts {
  readonly scripts: readonly string[];
  /** In their order. */
  readonly styles: readonly string[];
  /** The script that begins. */
  readonly main: string;
}

/** The document of the page. Its content is made by scripts; those that it begins with are named, so that they load side by side. */
export function documentOf({ scripts, styles, main }: DocumentParts): string {
  const sheets = styles.map((path) => `<link rel="stylesheet" href="${path}">`).join("\n");
  const preloads = scripts.map((path) => `<link rel="modulepreload" href="${path}">`).join("\n");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>runrpc</title>
<link rel="icon" href="icon.svg" type="image/svg+xml">
${sheets}
${preloads}
<script type="module" src="${main}"></script>
</head>
<body>
<noscript>This page is made by scripts, which are switched off here.</noscript>
</body>
</html>
`;
}
