using System.Collections.ObjectModel;

namespace MptTools;

/// <summary>Texts in a property: an array in JSON, and in CSV, where a list would show only its type, all of them in one field.</summary>
public sealed class TextList : ReadOnlyCollection<string>
{
    internal TextList(IEnumerable<string> texts) : base([.. texts])
    {
    }

    /// <param name="words">With blanks or commas between them.</param>
    internal TextList(string words) : this(words.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries))
    {
    }

    /// <summary>All texts, separated by a comma and a blank.</summary>
    public override string ToString() => string.Join(", ", this);
}

/// <summary>Counters by reason: an object in JSON, and in CSV all of them in one field.</summary>
public sealed class CountTable : Dictionary<string, long>
{
    internal CountTable(IEnumerable<KeyValuePair<string, long>> counts)
        : base(counts.OrderBy(count => count.Key, StringComparer.Ordinal), StringComparer.OrdinalIgnoreCase)
    {
    }

    /// <summary>All counters together.</summary>
    public long Total() => Values.Sum();

    /// <summary>All counters as in "NoRoute=3, TooLong=1".</summary>
    public override string ToString() => string.Join(", ", this.Select(count => $"{count.Key}={count.Value}"));
}
