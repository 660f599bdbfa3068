import { ActionIcon, Button, Select, TextInput } from "@mantine/core";
import { ArrowDownToLine, ChevronDown, ChevronUp, CircleX, Clock, Download, Search } from "lucide-react";
import { ProblemNote } from "../parts/Problem";
import { visible } from "../parts/textOf";
import { text } from "../text";
import css from "./LogTools.module.css";
import type { Part } from "./useLog";
import type { Search as Searching } from "./useSearch";

const words = text.runs.log;

interface Props {
  search: Searching;
  parts: readonly Part[];
  part: Part | null;
  onPart: (part: Part | null) => void;
  times: boolean;
  onTimes: (times: boolean) => void;
  /** Null when nothing new can come. */
  follow: boolean | null;
  onFollow: (follow: boolean) => void;
  onFirstError: (() => void) | null;
  downloadUrl: string;
  count: string;
}

export function LogTools(props: Props) {
  return (
    <div className={css.tools}>
      <SearchBox {...props.search} />
      <PartSelect {...props} />
      {props.onFirstError && (
        <Button
          size="xs"
          variant="light"
          color="red"
          leftSection={<CircleX size={14} aria-hidden />}
          onClick={props.onFirstError}
        >
          {words.firstError}
        </Button>
      )}
      {props.follow !== null && (
        <Button
          size="xs"
          variant={props.follow ? "light" : "default"}
          aria-pressed={props.follow}
          leftSection={<ArrowDownToLine size={14} aria-hidden />}
          onClick={() => props.onFollow(!props.follow)}
        >
          {props.follow ? words.following : words.follow}
        </Button>
      )}
      <Button
        size="xs"
        variant={props.times ? "light" : "default"}
        aria-pressed={props.times}
        leftSection={<Clock size={14} aria-hidden />}
        onClick={() => props.onTimes(!props.times)}
      >
        {words.times}
      </Button>
      <Button
        size="xs"
        variant="default"
        component="a"
        href={props.downloadUrl}
        download
        leftSection={<Download size={14} aria-hidden />}
      >
        {props.part ? words.downloadPart : words.download}
      </Button>
      <span className={css.count}>{props.count}</span>
      {props.search.find && props.search.notSearched > 0 ? (
        <p className={css.notSearched} role="status">
          {words.notSearched(props.search.notSearched)}
        </p>
      ) : null}
      {props.search.find && props.search.failed ? (
        <div className={css.failed}>
          <ProblemNote error={props.search.failed} retry={props.search.again} />
        </div>
      ) : null}
    </div>
  );
}

const keyOf = (part: Part): string => JSON.stringify([part.step, part.job]);

/** Everything, one step, or one of its jobs. */
function PartSelect({ parts, part, onPart }: Props) {
  if (parts.length < 2 && part === null) return null;
  const all = part && !parts.some((one) => keyOf(one) === keyOf(part)) ? [...parts, part] : parts;
  const steps = [...new Set(all.map((one) => one.step))];
  const data = steps.map((step) => ({
    group: visible(step),
    items: all
      .filter((one) => one.step === step)
      .map((one) => ({ value: keyOf(one), label: one.job === null ? words.step(step) : visible(one.job) })),
  }));
  return (
    <Select
      className={css.job}
      size="xs"
      aria-label={words.job}
      placeholder={words.all}
      clearable
      searchable={all.length > 12}
      data={data}
      value={part && keyOf(part)}
      onChange={(key) => onPart(all.find((one) => keyOf(one) === key) ?? null)}
    />
  );
}

function SearchBox({ typed, type, step, at, of, whole, busy, failed, find }: Searching) {
  const says = failed
    ? words.searchFailed
    : busy && of === 0
      ? words.searching
      : words.matches(at, of, whole);
  return (
    <div className={css.search}>
      <TextInput
        size="xs"
        aria-label={words.search}
        placeholder={words.search}
        leftSection={<Search size={14} aria-hidden />}
        maxLength={200}
        value={typed}
        onChange={(event) => type(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
          if (event.key === "Escape") type("");
        }}
      />
      {find && (
        <>
          <span className={css.matches} role="status">
            {says}
          </span>
          <ActionIcon variant="default" size={28} aria-label={words.previous} onClick={() => step(-1)}>
            <ChevronUp size={14} aria-hidden />
          </ActionIcon>
          <ActionIcon variant="default" size={28} aria-label={words.next} onClick={() => step(1)}>
            <ChevronDown size={14} aria-hidden />
          </ActionIcon>
        </>
      )}
    </div>
  );
}
