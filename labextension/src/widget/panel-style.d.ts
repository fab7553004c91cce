/** The style sheets of the panels, which the build puts together. */
declare module 'panel-style' {
  const style: string;
  export default style;
}
