import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";

import { safeLink } from "@/core/event/safeLink";

/** Links leave the workbench and say nothing of where they came from; nothing foreign is ever loaded. */
const COMPONENTS: Components = {
  a: ({ href, children }) => {
    const link = safeLink(href);
    return link === null ? (
      <>{children}</>
    ) : (
      <a href={link} target="_blank" rel="noopener noreferrer nofollow">
        {children}
      </a>
    );
  },
  img: ({ src, alt }) => {
    const link = safeLink(src);
    return link === null ? (
      <>{alt}</>
    ) : (
      <a href={link} target="_blank" rel="noopener noreferrer nofollow">
        {alt === undefined || alt === "" ? link : alt}
      </a>
    );
  },
  // A comment is no chapter of the page: its headings must not stand among the page's own.
  h1: ({ children }) => <p><strong>{children}</strong></p>,
  h2: ({ children }) => <p><strong>{children}</strong></p>,
  h3: ({ children }) => <p><strong>{children}</strong></p>,
  h4: ({ children }) => <p><strong>{children}</strong></p>,
  h5: ({ children }) => <p><strong>{children}</strong></p>,
  h6: ({ children }) => <p><strong>{children}</strong></p>,
};

const PLUGINS = [remarkGfm];

/** The renderer, in a chunk of its own. */
export default function RenderedMarkdown({ text }: { text: string }) {
  return (
    <ReactMarkdown remarkPlugins={PLUGINS} components={COMPONENTS}>
      {text}
    </ReactMarkdown>
  );
}
