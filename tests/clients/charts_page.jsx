import { createRoot } from "react-dom/client";
import { BarChart, LineChart, PieChart } from "@tinybirdco/charts";

const { base, token } = window.birdhouse;
const shared = {
  endpoint: `${base}/v0/pipes/api_product_grid.json`,
  token,
  params: { show_oos: "1" },
  index: "name",
  categories: ["price"],
  height: "300px",
  // What is drawn of the data is red, and nothing else is.
  colorPalette: ["#ff0000"],
};

createRoot(document.getElementById("root")).render(
  <>
    <BarChart {...shared} title="Bars" />
    <LineChart {...shared} title="Lines" />
    <PieChart {...shared} title="Slices" />
  </>,
);
