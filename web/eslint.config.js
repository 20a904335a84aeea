import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

/** The rooms of web/src from the lowest floor up: a room imports only what stands before it. */
const floors = ["core", "api", "live", "queries", "ui", "screens", "app"];

const floorRules = floors.slice(0, -1).map((room, index) => ({
  files: [`src/${room}/**/*.{ts,tsx}`],
  ignores: ["**/*.test.{ts,tsx}"],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          {
            group: floors.slice(index + 1).flatMap((upper) => [`@/${upper}`, `@/${upper}/*`]),
            message: `${room}/ may import only lower floors: ${floors.slice(0, index + 1).join(", ")}`,
          },
          ...(room === "core"
            ? [{ group: ["react", "react-dom", "@mantine/*", "@tanstack/*"], message: "core/ is pure: no React, no fetch" }]
            : []),
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ["node_modules", "dist", "src/api/schema.d.ts", "src/api/sentry.d.ts", "public", "scripts"] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  reactHooks.configs.flat.recommended,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ["eslint.config.js"] }, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/consistent-type-definitions": ["error", "interface"],
      "@typescript-eslint/only-throw-error": ["error", { allow: [{ from: "package", package: "@tanstack/router-core", name: "Redirect" }] }],
      "no-restricted-syntax": [
        "error",
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: "Text from events is hostile: render it as React text.",
        },
      ],
      // Records of unknown JSON are read by ["key"], so that they look unlike typed fields.
      "@typescript-eslint/dot-notation": "off",
      // useVirtualizer returns functions that the React Compiler could not memoize; the compiler is not used.
      "react-hooks/incompatible-library": "off",
    },
  },
  ...floorRules,
  { files: ["eslint.config.js"], ...tseslint.configs.disableTypeChecked },
);
