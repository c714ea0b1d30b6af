namespace MptTools.Bench.Report;

/// <summary>A table for the terminal: the first column to the left, the others to the right.</summary>
internal static class TextTable
{
    internal static string Render(params IReadOnlyList<IReadOnlyList<string>> rows)
    {
        int columns = rows.Max(row => row.Count);
        int[] widths = [.. Enumerable.Range(0, columns).Select(column => rows.Max(row => column < row.Count ? row[column].Length : 0))];
        return string.Concat(rows.Select(row =>
            string.Join("  ", row.Select((cell, column) => column == 0 ? cell.PadRight(widths[0]) : cell.PadLeft(widths[column]))).TrimEnd() + "\n"));
    }
}
