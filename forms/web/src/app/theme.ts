import { createTheme, defaultVariantColorsResolver, type VariantColorsResolver } from "@mantine/core";

// Colours come from tokens.css; here it is only said which token a filled control takes, because Mantine would write
// white on our light accent of the dark theme.
const resolver: VariantColorsResolver = (input) => {
  const colors = defaultVariantColorsResolver(input);
  return input.variant === "filled" ? { ...colors, color: "var(--on-accent)" } : colors;
};

export const theme = createTheme({
  primaryColor: "blue",
  defaultRadius: 6,
  cursorType: "pointer",
  respectReducedMotion: true,
  variantColorResolver: resolver,
});
