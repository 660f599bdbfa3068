import js from "@eslint/js";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules/", "src/api/schema.gen.ts"] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  jsxA11y.flatConfigs.strict,
  reactHooks.configs.flat["recommended-latest"],
  {
    rules: {
      "react-hooks/incompatible-library": "off", // it is about React's compiler, which is not used here
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Vendor text is text." },
        { property: "outerHTML", message: "Vendor text is text." },
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: "Vendor text is text.",
        },
        {
          selector:
            "CallExpression[callee.property.name=/^toLocale.*String$/] > Literal.arguments:first-child",
          message: "How numbers and dates are written stands in text/formats.ts.",
        },
      ],
    },
  },
);
