export const palette = {
  open: "Search",
  title: "Go to anything",
  placeholder: "A page, an action, an entity, a run",
  places: "Pages",
  actions: "Actions",
  entities: "Entities",
  runs: "Runs",
  here: "Here",
  openRun: "open the run with this id",
  theme: "Switch between light and dark",
  copy: "Copy the link to this page",
  none: "Nothing is called that. Entities are found by their name or title, runs by their id.",
};
