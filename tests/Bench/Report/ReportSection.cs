namespace MptTools.Bench.Report;

/// <summary>A section, as far as the report is concerned.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Title">Its heading.</param>
/// <param name="Subjects">What was measured; ratios are those to the first.</param>
internal sealed record ReportSection(string Name, string Title, IReadOnlyList<(string Name, string Title)> Subjects);
