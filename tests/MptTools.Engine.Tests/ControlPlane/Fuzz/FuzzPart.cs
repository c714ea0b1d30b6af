using System.Globalization;
using System.Text;

namespace MptTools.Engine.Tests.ControlPlane.Fuzz;

/// <summary>One of the things that take bytes from outside, with messages for it that follow from a seed.</summary>
internal abstract class FuzzPart(string name, int seed)
{
    private readonly SortedDictionary<string, long> outcomes = new(StringComparer.Ordinal);

    protected Random Random { get; } = new(seed);

    internal long Messages { get; private set; }

    /// <summary>How many messages ended how.</summary>
    internal IReadOnlyDictionary<string, long> Outcomes => outcomes;

    /// <summary>Throws one message at it and checks what must hold.</summary>
    internal void Throw()
    {
        Messages++;
        try
        {
            string outcome = Take();
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{name}: message {Messages} of seed {seed} was not taken well: {e.Message}", e);
        }
    }

    public override string ToString()
    {
        var text = new StringBuilder().AppendLine(CultureInfo.InvariantCulture, $"{name}: {Messages} messages");
        foreach ((string outcome, long count) in outcomes)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  {outcome}: {count}");
        }
        return text.ToString();
    }

    /// <returns>How it ended: "refused: ...", "executed: ..." or the like.</returns>
    protected abstract string Take();

    protected static void Check(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"It does not hold that {what}.");
        }
    }

    protected byte[] RandomBytes(int longest)
    {
        byte[] bytes = new byte[Random.Next(longest + 1)];
        Random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>A few bytes changed, cut, made longer, or one piece put into another place.</summary>
    protected byte[] Damage(byte[] whole)
    {
        byte[] bytes = [.. whole];
        switch (Random.Next(5))
        {
            case 0 when bytes.Length > 0:
                for (int change = Random.Next(1, 4); change > 0; change--)
                {
                    bytes[Random.Next(bytes.Length)] = (byte)Random.Next(256);
                }
                return bytes;
            case 1:
                return bytes[..Random.Next(bytes.Length + 1)];
            case 2:
                return [.. bytes, .. RandomBytes(40)];
            case 3 when bytes.Length > 1:
                int from = Random.Next(bytes.Length), length = Random.Next(Math.Min(40, bytes.Length - from) + 1), to = Random.Next(bytes.Length - length + 1);
                Array.Copy(bytes, from, bytes, to, length);
                return bytes;
            default:
                return bytes;
        }
    }
}
