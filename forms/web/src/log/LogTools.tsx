import { ActionIcon, Button, Select, TextInput } from "@mantine/core";
import { ArrowDownToLine, ChevronDown, ChevronUp, CircleX, Clock, Download, Search } from "lucide-react";
import { text } from "../text";
import css from "./LogTools.module.css";

const words = text.runs.log;

interface Props {
  search: string;
  onSearch: (words: string) => void;
  match: { at: number; of: number };
  onStep: (step: number) => void;
  jobs: readonly string[];
  job: string | null;
  onJob: (job: string | null) => void;
  times: boolean;
  onTimes: (times: boolean) => void;
  /** Null when nothing new can come. */
  follow: boolean | null;
  onFollow: (follow: boolean) => void;
  onFirstError: (() => void) | null;
  downloadUrl: string;
  count: number;
}

export function LogTools(props: Props) {
  return (
    <div className={css.tools}>
      <SearchBox {...props} />
      {props.jobs.length > 1 && (
        <Select
          className={css.job}
          size="xs"
          aria-label={words.job}
          placeholder={words.all}
          clearable
          data={[...props.jobs]}
          value={props.job}
          onChange={props.onJob}
        />
      )}
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
        {words.download}
      </Button>
      <span className={css.count}>{words.lines(props.count)}</span>
    </div>
  );
}

function SearchBox({ search, onSearch, match, onStep }: Props) {
  return (
    <div className={css.search}>
      <TextInput
        size="xs"
        aria-label={words.search}
        placeholder={words.search}
        leftSection={<Search size={14} aria-hidden />}
        value={search}
        onChange={(event) => onSearch(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") onStep(event.shiftKey ? -1 : 1);
          if (event.key === "Escape") onSearch("");
        }}
      />
      {search.trim() && (
        <>
          <span className={css.matches} role="status">
            {words.matches(match.at, match.of)}
          </span>
          <ActionIcon variant="default" size={28} aria-label={words.previous} onClick={() => onStep(-1)}>
            <ChevronUp size={14} aria-hidden />
          </ActionIcon>
          <ActionIcon variant="default" size={28} aria-label={words.next} onClick={() => onStep(1)}>
            <ChevronDown size={14} aria-hidden />
          </ActionIcon>
        </>
      )}
    </div>
  );
}
