import { Button } from "@mantine/core";
import { Link } from "react-router";
import { Callout, Empty, PageHead } from "../parts/Basics";
import { MyRuns } from "../parts/Problem";
import { useTitle } from "../parts/title";
import { text } from "../text";

/** Stands where a screen broke while it was drawn. */
export function Broken() {
  useTitle(text.errors.boundary.title);
  return (
    <div role="alert">
      <Callout tone="bad" title={text.errors.boundary.title}>
        <p>
          {text.errors.boundary.detail} <MyRuns />
        </p>
        <Button mt="sm" size="compact-sm" variant="default" onClick={() => window.location.reload()}>
          {text.errors.boundary.reload}
        </Button>
      </Callout>
    </div>
  );
}

export function NotFound() {
  useTitle(text.errors.notFound.title);
  return (
    <>
      <PageHead title={text.errors.notFound.title} />
      <Empty title={text.errors.notFound.detail}>
        <Link to="/actions">{text.errors.notFound.back}</Link>
      </Empty>
    </>
  );
}
